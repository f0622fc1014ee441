"""`FileStore`: bundles as folders of this machine."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.registry.manifest import NAME
from mainstay.registry.store.staging import PREFIX, WRITE, staging, sweep, weigh, write_kept
from mainstay.state import sync_folder
from mainstay.state.files import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mainstay.registry.store.base import Leftover, Lying


class FileStore:
    """Bundles as folders: ``store/churn/3/``. See `Store` for what each method promises.

    Parameters
    ----------
    root : Path
        The folder of all of them.

    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def environment(self) -> Mapping[str, str]:
        """What another process is told, to open the same folder."""
        return {"MAINSTAY_STORE": str(self.root)}

    @contextmanager
    def stage(self, model: str) -> Iterator[FileDraft]:
        """Begin a bundle in a folder beside where it will lie."""
        with staging(self.root / model) as folder:
            yield FileDraft(self, model, folder)

    def folder(self, model: str, number: int, digest: str) -> Path:
        """Name where a bundle lies."""
        del digest  # whoever reads the folder compares it
        return self.root / model / str(number)

    def numbers(self, model: str) -> tuple[int, ...]:
        """Give every number that is the name of a folder."""
        home = self.root / model
        try:
            return tuple(sorted(int(entry.name) for entry in os.scandir(home) if entry.name.isdecimal()))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise unreadable(home, error) from None

    def digest(self, model: str, number: int) -> str:
        """Give the sha256 of the manifest in a folder; empty where there is none."""
        try:
            return hashlib.sha256((self.root / model / str(number) / NAME).read_bytes()).hexdigest()
        except OSError:
            return ""

    def look(self, model: str, number: int) -> Lying | None:
        """Say what lies in a folder."""
        return weigh(self.root / model / str(number), NAME)

    def copies(self, model: str) -> tuple[Lying, ...]:
        """Give none: what lies here is all there is."""
        del model
        return ()

    def drop(self, model: str, number: int) -> bool:
        """Remove nothing: there is no other."""
        del model, number
        return False

    def attach(self, model: str, number: int, name: str, content: bytes) -> None:
        """Write a file beside a manifest, all at once."""
        home = self.root / model
        with staging(home, doing=f"{name} can't be written in", cure=WRITE) as staged:
            write_kept(staged / name, content)
            (staged / name).replace(home / str(number) / name)
            sync_folder(home / str(number))

    def remove(self, model: str, number: int) -> None:
        """Remove a folder, all at once for whoever looks."""
        home = self.root / model
        gone = home / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            # Under this name it is a leftover, which the next sweep removes where this process is killed meanwhile. Nor
            # is the disk waited for: after a power cut it may have its number again, and the next gc removes it.
            (home / str(number)).rename(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{home / str(number)} can't be removed: {error.strerror}.", WRITE) from None
        shutil.rmtree(gone, ignore_errors=True)

    def sweep(self, model: str, *, dry: bool = False) -> tuple[Leftover, ...]:
        """Remove the folders of writers that are gone."""
        return sweep(self.root / model, dry=dry)


class FileDraft:
    """A folder that gets its name just before its row is committed. See `Draft` for what each method promises.

    Parameters
    ----------
    store : FileStore
        Where it goes.
    model : str
        Whose version it will be.
    folder : Path
        Where it is written.

    """

    def __init__(self, store: FileStore, model: str, folder: Path) -> None:
        self.folder = folder
        self._store = store
        self._model = model
        self._number = 0
        self._named: Path | None = None

    def send(self, above: int) -> None:
        """Do nothing: it lies where it will stay."""
        del above  # a rename is quick, and the books' write lock keeps the number ours

    def number(self, highest: int) -> int:
        """Say the next number that neither a row nor a folder has."""
        # A folder without a row is what a process left that was killed between the two. It is never overwritten: where
        # the database was lost, it is all there is.
        self._number = max([highest, *self._store.numbers(self._model)]) + 1
        return self._number

    def settle(self) -> None:
        """Give the folder its name, and wait until that is on the disk."""
        home = self.folder.parent
        self._named = self.folder.rename(home / str(self._number))
        sync_folder(home)

    def withdraw(self) -> None:
        """Take the name back."""
        if self._named is not None:
            self._named.rename(self.folder)  # where staging removes it
            self._named = None
