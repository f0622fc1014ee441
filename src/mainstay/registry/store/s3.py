"""`S3Store`: bundles in an object store that several machines share, with copies on this one.

::

    s3://bucket/prefix/churn/3/manifest.json     a bundle; the manifest is written last: without it nothing is there
    s3://bucket/prefix/churn/.claims/3           who was given the number; never removed, so no number is given twice
    cache/churn/3-0f3a…/                         the copy of this machine, complete or not at all; may go at any time

"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.registry.manifest import NAME
from mainstay.registry.store.base import Leftover, Lying
from mainstay.registry.store.fetching import MOST_MANIFEST, fetch
from mainstay.registry.store.objects import Objects
from mainstay.registry.store.staging import PREFIX, staging, sweep, weigh
from mainstay.state import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CLAIMS = ".claims"
_TRIES = 100  # writers that are faster, one after the other
_DIGITS = 16  # of the digest, in the name of a copy


class S3Store:
    """Bundles in an object store. See `Store` for what each method promises.

    Parameters
    ----------
    address : str
        ``s3://bucket/prefix``.
    cache : Path
        Folder of the copies on this machine.

    Raises
    ------
    SetupError
        Where the address can't be meant.

    """

    def __init__(self, address: str, cache: Path) -> None:
        self.objects = Objects(address)
        self.cache = cache.absolute()

    @property
    def environment(self) -> Mapping[str, str]:
        """What another process is told, to open the same store with the same copies."""
        return {"MAINSTAY_STORE": self.objects.address, "MAINSTAY_CACHE": str(self.cache)}

    @contextmanager
    def stage(self, model: str) -> Iterator[S3Draft]:
        """Begin a bundle in a folder beside the copies."""
        with staging(self.cache / model) as folder:
            yield S3Draft(self, model, folder)

    def folder(self, model: str, number: int, digest: str) -> Path:
        """Name where the copy of a bundle lies, bringing it here first where it isn't."""
        copy = self.copy_of(model, number, digest)
        if copy.is_dir():
            return copy
        name = f"{model} version {number}"
        with staging(copy.parent, doing=f"{name} can't be brought here into", cure="Make room there") as folder:
            fetch(self.objects, f"{model}/{number}", digest, folder, name)
            self.keep(folder, copy)
        return copy

    def numbers(self, model: str) -> tuple[int, ...]:
        """Give every number that objects lie under."""
        return tuple(sorted(int(name) for name in self.objects.folders(model) if name.isdecimal()))

    def digest(self, model: str, number: int) -> str:
        """Give the sha256 of the manifest below a number; empty where there is none."""
        content = self.objects.read(f"{model}/{number}/{NAME}", MOST_MANIFEST)
        return "" if content is None else hashlib.sha256(content).hexdigest()

    def look(self, model: str, number: int) -> Lying | None:
        """Say which objects lie under a number."""
        found = self.objects.list(f"{model}/{number}")
        if not found:
            return None
        return Lying(
            number=number,
            size=sum(one.size for one in found),
            at=max(one.at for one in found),
            whole=any(one.name == NAME for one in found),
        )

    def copies(self, model: str) -> tuple[Lying, ...]:
        """Say which bundles have a copy on this machine."""
        weighed = (weigh(folder, NAME) for folder in (self.cache / model).glob("[0-9]*-*"))
        return tuple(sorted((one for one in weighed if one is not None), key=lambda one: one.number))

    def drop(self, model: str, number: int) -> bool:
        """Remove the copy of a bundle on this machine; it can be brought here again."""
        home = self.cache / model
        with suppress(OSError):  # a copy that can't be removed does no harm
            for copy in home.glob(f"{number}-*"):
                copy.rename(home / f"{PREFIX}{secrets.token_hex(8)}")
            sweep(home)
        return True

    def attach(self, model: str, number: int, name: str, content: bytes) -> None:
        """Write an object beside a manifest; the copy of this machine is brought here anew."""
        self.objects.replace(f"{model}/{number}/{name}", content)
        self.drop(model, number)

    def remove(self, model: str, number: int) -> None:
        """Remove a bundle and the copies of it here: the manifest first, so that it isn't there from then on."""
        names = {found.name for found in self.objects.list(f"{model}/{number}")}
        self.objects.delete([f"{model}/{number}/{name}" for name in names & {NAME}])
        self.objects.delete([f"{model}/{number}/{name}" for name in sorted(names - {NAME})])
        self.drop(model, number)

    def sweep(self, model: str, *, dry: bool = False) -> tuple[Leftover, ...]:
        """Remove the folders of this machine whose writers are gone."""
        return sweep(self.cache / model, dry=dry)

    def claim(self, model: str, above: int) -> int:
        """Get a number that nobody else gets."""
        number = max([above, *self.numbers(model)]) + 1
        for _ in range(_TRIES):
            if self.objects.create(f"{model}/{_CLAIMS}/{number}", b""):
                return number
            number = max([number, *(int(found.name) for found in self.objects.list(f"{model}/{_CLAIMS}"))]) + 1
        raise StoreError(f"No number could be had for a version of {model}: others were faster.", "Try again.")

    def copy_of(self, model: str, number: int, digest: str) -> Path:
        """Name where the copy of a bundle is kept; it needn't be there."""
        return self.cache / model / f"{number}-{digest[:_DIGITS]}"

    def keep(self, folder: Path, copy: Path) -> None:
        """Give a complete folder the name of a copy; where another process was faster, its copy is as good."""
        try:
            folder.rename(copy)
        except OSError:
            if not copy.is_dir():
                raise
        sync_folder(copy.parent)


class S3Draft:
    """A folder that is uploaded before the books are locked. See `Draft` for what each method promises.

    Parameters
    ----------
    store : S3Store
        Where it goes.
    model : str
        Whose version it will be.
    folder : Path
        Where it is written.

    """

    def __init__(self, store: S3Store, model: str, folder: Path) -> None:
        self.folder = folder
        self._store = store
        self._model = model
        self._number = 0

    def send(self, above: int) -> None:
        """Claim a number and upload every file, the manifest last."""
        self._number = self._store.claim(self._model, above)
        names = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        for name in sorted(names, key=lambda name: name == NAME):
            self._store.objects.send(f"{self._model}/{self._number}/{name}", self.folder / name)

    def number(self, highest: int) -> int:
        """Say which number was claimed; another writer may have brought a higher one into the books meanwhile."""
        del highest
        return self._number

    def settle(self) -> None:
        """Do nothing: it lies there, and its row makes it a version."""

    def withdraw(self) -> None:
        """Remove what was uploaded; where that fails it stays unseen, and its number stays taken."""
        if self._number:
            with suppress(StoreError):
                self._store.remove(self._model, self._number)
            self._number = 0
