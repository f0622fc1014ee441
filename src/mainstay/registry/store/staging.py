"""Where a bundle is written before it gets its number."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.state import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = ".tmp-"


@contextmanager
def staging(home: Path) -> Iterator[Path]:
    """Make an empty folder in `home`, and remove what is left of it at the end; a renamed one stays.

    It is locked as long as this process lives, so that others can tell it from what a killed one left behind;
    those are removed here.

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
        raise StoreError(
            f"A version can't be written in {home}: {error.strerror}.",
            "Make room, or give this user the right to write there; nothing was registered.",
        ) from None


def sweep(home: Path) -> tuple[str, ...]:
    """Remove the folders of writers that are gone; returns their names."""
    removed = []
    for folder in home.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another process sweeps too
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                removed.append(folder.name)
            finally:
                os.close(handle)
    return tuple(removed)


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
