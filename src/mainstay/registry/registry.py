"""`Registry`: versions in, versions out."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from mainstay.errors import CorruptError, InputError, NotFoundError, SetupError, SignatureError, StoreError
from mainstay.models.load import load_model
from mainstay.registry import tables
from mainstay.registry.asking import UNTOLD, find_versions
from mainstay.registry.bundle import read_bundle, read_contract, read_lineage, write_bundle
from mainstay.registry.golden import golden_failures, misfit
from mainstay.registry.ingredients import ingredients_of, read_ingredients, write_ingredients
from mainstay.registry.manifest import manifest_bytes, verify
from mainstay.registry.plain import dumps
from mainstay.registry.rows import new_version, row_of, verdict_of, version_of
from mainstay.registry.signing import SIGNATURE, NoKeys, signature_fault, signer_of
from mainstay.registry.trust import nobody
from mainstay.state import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from mainstay.contract import Contract
    from mainstay.models.report import Verdict
    from mainstay.models.trust import Trusted
    from mainstay.registry.asking import Sought
    from mainstay.registry.bundle import Bundle
    from mainstay.registry.entry import Entry
    from mainstay.registry.ingredients import Ingredient
    from mainstay.registry.lineage import Lineage
    from mainstay.registry.signing import Keyring, Signer
    from mainstay.registry.store import Draft, Store
    from mainstay.registry.version import Version
    from mainstay.state import State

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Registry:
    """The versions of all models: a row each in the state, a bundle each in the store.

    Parameters
    ----------
    state : State
        Where the rows are.
    store : Store
        Where the bundles lie.
    trusted : callable
        Gives the hashes of the code that may run here; none unless given.
    keyring : Keyring
        Signs what is registered, and says whose signatures count; without one none is asked for.

    """

    def __init__(self, state: State, store: Store, trusted: Trusted = nobody, keyring: Keyring | None = None) -> None:
        self._state = state
        self.trusted = trusted
        self.keyring = keyring or NoKeys()
        self.store = store

    def register(self, entry: Entry, now: dt.datetime | None = None) -> Version:
        """Write a version: all of it or nothing, whenever this process is killed.

        The bundle is written under another name and proved (every hash, and the golden records through the model as it
        lies on the disk); then, in one transaction, it gets its number, its name and its row.

        Parameters
        ----------
        entry : Entry
            What it is made of.
        now : datetime, optional
            The moment, UTC.

        Raises
        ------
        StoreError
            Where it can't be written; nothing is registered then.
        CorruptError
            Where what was written doesn't answer as the model did; nothing is registered then.

        """
        created = now or dt.datetime.now(dt.UTC)
        signer = self.keyring.signer()
        with self.store.stage(checked_name(entry.name)) as draft:
            digest = write_bundle(entry, draft.folder, created, signer)
            verify(draft.folder, digest, f"The new version of {entry.name}", keys=self.keyring.trusted)
            _prove(draft.folder, entry, self.trusted)

            def describe(number: int) -> tuple[Version, tuple[Ingredient, ...]]:
                version = new_version(entry, number, created, digest, signer.id if signer else "")
                return version, ingredients_of(entry.lineage, entry.parent)

            return self.admit(entry.name, draft, describe)

    def admit(
        self, model: str, draft: Draft, describe: Callable[[int], tuple[Version, tuple[Ingredient, ...]]]
    ) -> Version:
        """Give a bundle that was written and proved its number, its place and its rows, in one transaction.

        Parameters
        ----------
        model : str
            Of which model.
        draft : Draft
            Where it lies by now.
        describe : callable
            Gives, by its number, its row and what it is made of; nobody else writes meanwhile, and it may refuse.

        """
        with self._numbered(model, draft) as (connection, number):
            version, made_of = describe(number)
            connection.execute(sa.insert(tables.VERSIONS).values(row_of(version)))
            write_ingredients(connection, model, number, made_of)
        self._state.keep_recent()
        return version

    def restate(self, version: Version) -> None:
        """Write the row of a version whose bundle lies in this store, anew or for the first time.

        For what was derived from a bundle (`derive_version`), and for a rehearsal beside the real books.
        """
        row = row_of(version)
        same = (tables.VERSIONS.c.model == version.model) & (tables.VERSIONS.c.number == version.number)
        with self._state.begin() as connection:
            changed = connection.execute(sa.update(tables.VERSIONS).where(same).values(row)).rowcount
            if not changed:
                connection.execute(sa.insert(tables.VERSIONS).values(row))

    def models(self) -> tuple[str, ...]:
        """Name the models that have versions."""
        with self._state.read() as connection:
            return tuple(connection.execute(tables.MODELS).scalars())

    def versions(self, model: str) -> tuple[Version, ...]:
        """Give every version of a model, oldest first."""
        with self._state.read() as connection:
            return tuple(map(version_of, connection.execute(tables.ALL, {"model": model})))

    def newest(self, model: str, most: int | None = None) -> tuple[tuple[Version, ...], int]:
        """Give the newest versions of a model, newest first, and how many there are; all of them unless `most` is."""
        if most is None:
            every = self.versions(model)
            return every[::-1], len(every)
        with self._state.read() as connection:
            rows = connection.execute(tables.NEWEST, {"model": model, "most": most}).all()
            return tuple(map(version_of, rows)), connection.execute(tables.COUNT, {"model": model}).scalar_one()

    def version(self, model: str, number: int) -> Version:
        """Give one version.

        Raises
        ------
        NotFoundError
            Naming those there are.

        """
        with self._state.read() as connection:
            row = connection.execute(tables.ONE, {"model": model, "number": number}).one_or_none()
            highest = connection.execute(tables.HIGHEST, {"model": model}).scalar_one()
        if row is not None:
            return version_of(row)
        if not highest:
            raise NotFoundError(f"{model} has no versions yet.", "Make the first: mainstay train")
        raise NotFoundError(f"{model} has no version {number}; the newest is {highest}.", "mainstay version list")

    def add_verdict(self, model: str, number: int, verdict: Verdict) -> None:
        """Append what the gates say of a version; the last verdict counts.

        Raises
        ------
        NotFoundError
            Where there is no such version.

        """
        self.version(model, number)
        with self._state.begin() as connection:
            last = connection.execute(tables.LAST, {"model": model, "number": number}).one_or_none()
            row = {
                "model": model,
                "number": number,
                "id": 1 if last is None else last.id + 1,
                "at": to_text(verdict.at),
                "author": verdict.by,
                "ok": int(verdict.ok),
                "findings": dumps(verdict.findings).decode(),
            }
            connection.execute(sa.insert(tables.VERDICTS).values(row))

    def verdicts(self, model: str, number: int) -> tuple[Verdict, ...]:
        """Give every verdict of a version, oldest first."""
        with self._state.read() as connection:
            return tuple(map(verdict_of, connection.execute(tables.OF_VERSION, {"model": model, "number": number})))

    def latest_verdict(self, model: str, number: int) -> Verdict | None:
        """Give the verdict that counts; None before the first."""
        with self._state.read() as connection:
            row = connection.execute(tables.LAST, {"model": model, "number": number}).one_or_none()
        return None if row is None else verdict_of(row)

    def load_bundle(self, model: str, number: int, *, run: bool = True) -> Bundle:
        """Check every byte of a version, then load it. It isn't sent its golden records: see `golden_failures`.

        Parameters
        ----------
        model, number
            Which version.
        run : bool
            Whether it is to answer. Otherwise it is only looked at: code of its own is not run, and it needs neither
            trust nor a signature.

        Raises
        ------
        NotFoundError
            Where there is no such version.
        CorruptError
            Naming the file that isn't what was once written.
        TrustError
            Where it is to answer, and brings code that isn't trusted here.
        SignatureError
            Where it is to answer, signatures are demanded here, and no trusted key made its own.

        """
        return self.load_known(self.version(model, number), run=run)

    def load_known(self, version: Version, *, run: bool = True) -> Bundle:
        """Load a version whose row is in the hand, without asking the books; raises as `load_bundle` does."""
        keys = self.keyring.trusted
        return self.read(version, lambda folder: read_bundle(folder, version, self.trusted, keys=keys, run=run))

    def demand_signer(self) -> None:
        """Tell before a long training that what it makes could not be signed; raises as `Keyring.signer` does."""
        self.keyring.signer()

    def sign(self, model: str, number: int, signer: Signer | None = None) -> Version:
        """Sign a version that was made before there was a key, or by another one, after every byte was checked.

        Parameters
        ----------
        model : str
            Name of the model.
        number : int
            Which.
        signer : Signer or None
            The key; None: the one that signs here.

        Raises
        ------
        SetupError
            Where there is no key here to sign with.
        NotFoundError, CorruptError
            Where there is no such version, or a file of it isn't what was once written.
        StoreError
            Where the signature can't be written.

        """
        signer = signer or self.keyring.signer()
        if signer is None:
            raise SetupError("There is no key here to sign with.", "Make one: mainstay admin keys new")
        version, name = self.version(model, number), f"{model} version {number}"
        self.read(version, lambda folder: verify(folder, version.digest, name))
        manifest = manifest_bytes(self.folder(model, number), name)
        if hashlib.sha256(manifest).hexdigest() != version.digest:
            raise CorruptError(f"The manifest of {name} changed while it was signed.", "Look who writes in the store.")
        self.store.attach(model, number, SIGNATURE, signer.sign(manifest))
        with self._state.begin() as connection:
            connection.execute(tables.signed(model, number, signer.id))
        return self.version(model, number)

    def signature_fault(self, model: str, number: int) -> str:
        """Say what is wrong with a version's signature, by the keys that are trusted now; empty where it is loaded."""
        name, folder = f"{model} version {number}", self.folder(model, number)
        return signature_fault(folder, manifest_bytes(folder, name), self.keyring.trusted())

    def signed_by(self, model: str, number: int) -> str:
        """Give the id of the key that a version says signed it, whoever trusts that; empty where it says none."""
        return signer_of(self.folder(model, number))

    def load_contract(self, model: str, number: int) -> Contract:
        """Check every byte of a version, and read what a record must look like; raises as `load_bundle` does."""
        version = self.version(model, number)
        return self.read(version, lambda folder: read_contract(folder, version))

    def lineage(self, model: str, number: int) -> Lineage:
        """Check every byte of a version, and read where it comes from; nothing is run; raises as `load_bundle` does."""
        version = self.version(model, number)
        return self.read(version, lambda folder: read_lineage(folder, version))

    def ingredients(self, model: str, number: int) -> tuple[Ingredient, ...]:
        """Give what a version is made of; empty for one made before this was recorded: see `derive_ingredients`."""
        with self._state.read() as connection:
            return read_ingredients(connection, model, number)

    def derive_ingredients(self, model: str, number: int) -> tuple[Ingredient, ...]:
        """Write again what a version is made of, as its bundle says; nothing of it is run.

        Raises
        ------
        NotFoundError, CorruptError
            As `load_bundle`.

        """
        found = ingredients_of(self.lineage(model, number), self.version(model, number).parent)
        with self._state.begin() as connection:
            write_ingredients(connection, model, number, found)
        return found

    def untold(self, model: str) -> tuple[int, ...]:
        """Name the versions of which it isn't written yet what they are made of: see `derive_ingredients`."""
        with self._state.read() as connection:
            return tuple(connection.execute(UNTOLD, {"model": model}).scalars())

    def made_of(self, model: str, sought: Iterable[Sought]) -> frozenset[int]:
        """Name the versions that are made of any of these."""
        with self._state.read() as connection:
            return find_versions(connection, model, sought)

    def mark_removed(
        self, model: str, choose: Callable[[tuple[Version, ...]], Sequence[int]], now: dt.datetime
    ) -> tuple[int, ...]:
        """Say of versions that their bundles are removed; then, and only then, they may be.

        Parameters
        ----------
        model : str
            Whose versions.
        choose : callable
            Picks them from all, oldest first. Nobody releases or registers anything meanwhile.
        now : datetime
            The moment, UTC.

        """
        with self._state.begin() as connection:
            chosen = tuple(choose(tuple(map(version_of, connection.execute(tables.ALL, {"model": model})))))
            if chosen:
                at = to_text(now)
                rows = [{"whose": model, "which": number, "at": at} for number in chosen]
                connection.execute(tables.REMOVED, rows)
        return chosen

    def folder(self, model: str, number: int) -> Path:
        """Name the folder of this machine where a version's bundle lies, bringing it here first where it must.

        Raises
        ------
        NotFoundError
            Where there is no such version.
        StoreError
            Where it can't be brought here.

        """
        return self._lies(self.version(model, number))

    def _lies(self, version: Version) -> Path:
        if version.removed is not None:
            raise NotFoundError(
                f"{version.model} version {version.number} was removed by mainstay admin gc on "
                f"{version.removed:%Y-%m-%d %H:%M} UTC; what is known of it stays in the books.",
                "Name another version: mainstay version list",
            )
        return self.store.folder(version.model, version.number, version.digest)

    def read(self, version: Version, read: Callable[[Path], T]) -> T:
        """Read a bundle; a copy of this machine that was damaged, or is signed by now, is brought here once more."""
        try:
            return read(self._lies(version))
        except (CorruptError, SignatureError):
            if not self.store.drop(version.model, version.number):
                raise
        return read(self._lies(version))

    @contextmanager
    def _numbered(self, model: str, draft: Draft) -> Iterator[tuple[sa.Connection, int]]:
        """Give a bundle the next number; its place in the store is settled just before its row is committed."""
        number = 0
        try:
            draft.send(self._highest(model))
            with self._state.begin() as connection:
                number = draft.number(connection.execute(tables.HIGHEST, {"model": model}).scalar_one())
                yield connection, number
                draft.settle()
        except BaseException:
            if not (number and self._has(model, number)):
                draft.withdraw()
            raise

    def _highest(self, model: str) -> int:
        with self._state.read() as connection:
            return int(connection.execute(tables.HIGHEST, {"model": model}).scalar_one())

    def _has(self, model: str, number: int) -> bool:
        try:
            self.version(model, number)
        except NotFoundError:
            return False
        except StoreError:
            return True  # nobody can say; a bundle too many does no harm, a row without its bundle would
        return True


def checked_name(model: str) -> str:
    """Give the name of a model, which is the name of a folder too; raises `InputError` where it can be none."""
    if not _NAME.fullmatch(model):
        raise InputError(f"{model!r} can't be a model's name.", "Use letters, digits, - and _ (64 at most).")
    return model


def _prove(folder: Path, entry: Entry, trusted: Trusted) -> None:
    name = f"The new version of {entry.name}"
    if wrong := misfit(entry.golden, entry.candidate.policy.task):
        raise InputError(f"{name} {wrong}.", "Give a model that says what its target asks for; nothing was registered.")
    failures = golden_failures(entry.contract, load_model(folder / "model", trusted), entry.golden, entry.features)
    if failures:
        raise CorruptError(
            f"{name} answers differently once it is saved: {failures[0]}",
            "This is a fault of its model format; nothing was registered.",
        )
