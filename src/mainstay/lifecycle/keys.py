"""`admin keys`: the keys that sign versions here, and whose versions are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CheckError, InputError, MainstayError
from mainstay.registry import Known, ProjectKeys
from mainstay.release import open_books
from mainstay.render.document import Command, Document, Facts, Table, Text
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.project import Project
    from mainstay.release import Books


class KeyChanged(msgspec.Struct, frozen=True):
    """What became of a key, and of the versions by it.

    Parameters
    ----------
    key : Known
        The key.
    unloaded : tuple of int
        Versions that aren't loaded here any more, because no key that is trusted now signed them.
    in_force : tuple of int
        Those of them that answer now, and go on until their server starts anew.

    """

    key: Known
    unloaded: tuple[int, ...] = ()
    in_force: tuple[int, ...] = ()


class Signed(msgspec.Struct, frozen=True):
    """A version that was signed: its number, and the id of the key."""

    version: int
    key: str


def new_key(project: Project, *, name: str, now: dt.datetime) -> KeyChanged:
    """Make a key that signs what is registered from now on."""
    return _changed(project, ProjectKeys(project).make(name, now))


def trust_key(project: Project, public: str, *, name: str, now: dt.datetime) -> KeyChanged:
    """Load what a public key signed; where it is the first, nothing is loaded any more that isn't signed."""
    return _changed(project, ProjectKeys(project).trust(public, name, now))


def list_keys(project: Project) -> tuple[Known, ...]:
    """Give the keys that are or were trusted here."""
    return ProjectKeys(project).known()


def revoke_key(project: Project, key: str, *, force: bool, now: dt.datetime) -> KeyChanged:
    """Trust a key no more.

    Raises
    ------
    NotFoundError
        Where no key has this id, or several do.
    CheckError
        Where it signed a version that answers now, unless it is forced: no server could load that again.

    """
    keys = ProjectKeys(project)
    found = keys.one(key)
    if found.revoked:
        raise InputError(f"The key {found.id} is revoked already.")
    with open_books(project) as books:
        hit = tuple(number for number in _answering(books) if _signer(books, number) == found.id)
    if hit and not force:
        named = " and ".join(map(str, hit))
        raise CheckError(
            f"The key {found.id} signed version {named}, which answers now: no server could load it again.",
            f"Sign it with another one first (mainstay admin keys new; mainstay admin keys sign {hit[0]}), or --force.",
        )
    return _changed(project, keys.revoke(found, now))


def sign_versions(project: Project, numbers: Sequence[int] = ()) -> tuple[Signed, ...]:
    """Sign versions after every byte of them was checked; without numbers, those that nobody signed yet.

    One that another key signed must be named: whoever signs it says that it is sound.
    """
    with open_books(project) as books:
        chosen = numbers or [number for number in _present(books) if not _signer(books, number)]
        done = (books.registry.sign(project.name, number) for number in chosen)
        return tuple(Signed(version.number, version.signer) for version in done)


def keys_document(project: Project, keys: Sequence[Known]) -> Document:
    """Lay out the keys, and what they are good for."""
    if not keys:
        none = Text("No key is known here: versions aren't signed, and none has to be.")
        return Document(f"{project.name}: keys", (none, Command("mainstay admin keys new", "Sign from now on.")))
    cells = tuple((key.id, key.name, _use(key), _since(key), key.where, key.public) for key in keys)
    foot = "A version is loaded here where one of the trusted keys signed it, and not otherwise."
    return Document(
        f"{project.name}: keys", (Table(("id", "name", "use", "since", "named by", "public key"), cells),), foot
    )


def changed_document(project: Project, changed: KeyChanged, what: str) -> Document:
    """Lay out what became of a key, and what to do about the versions that aren't loaded any more."""
    key = changed.key
    blocks = [Facts((("Key", f"{key.id} ({key.name or 'unnamed'})"), ("Public key", key.public)))]
    if not changed.unloaded:
        return Document(f"{project.name}: {what}", tuple(blocks))
    numbers = ", ".join(map(str, changed.unloaded))
    called, them = ("version", "it") if len(changed.unloaded) == 1 else ("versions", "them")
    said = f"No key that is trusted here signed {called} {numbers}: no server, gate, release or rollback here loads "
    said += f"{them} any more."
    if changed.in_force:
        serving = ", ".join(map(str, changed.in_force))
        said += f" Version {serving} answers now, and goes on until its server starts anew."
    todo = Command(
        f"mainstay admin keys sign {numbers.replace(',', '')}", "Where you know them to be yours, sign them."
    )
    return Document(f"{project.name}: {what}", (*blocks, Text(said), todo))


def _changed(project: Project, key: Known) -> KeyChanged:
    with open_books(project) as books:
        lost = tuple(number for number in _present(books) if _unloaded(books, number))
        return KeyChanged(key, lost, tuple(number for number in _answering(books) if number in lost))


def _present(books: Books) -> list[int]:
    versions = books.registry.versions(books.project.name)
    return [version.number for version in versions if version.removed is None]


def _answering(books: Books) -> tuple[int, ...]:
    release = books.releases.current(books.project.name)
    return () if release is None else tuple(route.version for route in release.routes)


def _unloaded(books: Books, number: int) -> bool:
    try:
        return bool(books.registry.signature_fault(books.project.name, number))
    except MainstayError:
        return True  # damaged as well: it isn't loaded either way


def _signer(books: Books, number: int) -> str:
    """Give the id of the key that a version says signed it; empty where it says none."""
    try:
        return books.registry.signed_by(books.project.name, number)
    except MainstayError:
        return "?"  # damaged: to be signed it must be named, and is then told


def _use(key: Known) -> str:
    if key.revoked:
        return "revoked"
    return "signs, trusted" if key.signs else "trusted"


def _since(key: Known) -> str:
    return "" if key.since is None else moment(key.since)
