"""Where a bundle is written before it gets its number."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.registry.store.base import Leftover, Lying
from mainstay.state import private_folder, sync_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = ".tmp-"
WRITE = "Give this user the right to write there."
KEPT = 0o400  # a version never changes


@contextmanager
def staging(
    home: Path,
    *,
    doing: str = "A version can't be written in",
    cure: str = "Make room, or give this user the right to write there; nothing was registered.",
) -> Iterator[Path]:
    """Make an empty folder in `home`, and remove what is left of it at the end; a renamed one stays.

    It is locked as long as this process lives, so that others can tell it from what a killed one left behind;
    those are removed here.

    Parameters
    ----------
    home : Path
        Made where it isn't there.
    doing, cure : str
        The beginning of the sentence where the disk refuses, and what helps.

    Raises
    ------
    StoreError
        Where the disk is full, or the folder can't be written.

    """
    try:
        private_folder(home)
        sweep(home)
        folder, handle = _locked(home)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)
    except OSError as error:
        raise StoreError(f"{doing} {home}: {error.strerror}.", cure) from None


def sweep(home: Path, *, dry: bool = False) -> tuple[Leftover, ...]:
    """Remove the folders of writers that are gone (`dry`: only look)."""
    found = []
    for folder in home.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another process sweeps too
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(Leftover(folder.name, sum(one.st_size for one in _files(folder))))
                if not dry:
                    shutil.rmtree(folder)
            finally:
                os.close(handle)
    return tuple(found)


def _locked(home: Path) -> tuple[Path, int]:
    while True:
        folder = home / f"{PREFIX}{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, handle
            os.close(handle)  # swept between its making and its locking


def weigh(folder: Path, manifest: str) -> Lying | None:
    """Say what lies in a folder whose name begins with a number; None where it is gone."""
    with suppress(FileNotFoundError):  # removed while it is looked at
        files = _files(folder)
        newest = max([folder.stat().st_mtime, *(found.st_mtime for found in files)])
        return Lying(
            number=int(folder.name.partition("-")[0]),
            size=sum(found.st_size for found in files),
            at=dt.datetime.fromtimestamp(newest, dt.UTC),
            whole=(folder / manifest).is_file(),
        )
    return None


def _files(folder: Path) -> list[os.stat_result]:
    return [path.lstat() for path in folder.rglob("*") if not path.is_dir()]


def write_kept(path: Path, content: bytes) -> None:
    """Write a file that is never written again, and wait until it is on the disk."""
    path.write_bytes(content)
    path.chmod(KEPT)
    sync_file(path)
