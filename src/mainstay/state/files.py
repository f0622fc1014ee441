"""Files that are really there after a power cut, and nobody else's to read."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mainstay.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_ABANDONED = 60.0  # seconds after which a half-made file has no maker any more


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk: what makes a rename last."""
    sync_file(path)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Keep other processes out while something is changed, by a lock on a file; it ends with this process, too.

    Raises
    ------
    OSError
        Where the file can't be made or opened.

    """
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replace_file(path: Path, content: bytes, mode: int = PRIVATE_FILE, *, lasting: bool = True) -> None:
    """Write a file whole or not at all: under a name of its own, to the disk, then in the place of what was there.

    Parameters
    ----------
    path : Path
        Where to; its folder is there already.
    content : bytes
        What it says from now on.
    mode : int
        Who may read it as soon as it has its name; before that nobody but this user.
    lasting : bool
        Whether it has to outlive a power cut. A cache hasn't, and waits for no disk.

    Raises
    ------
    OSError
        Where it can't be written; what was there is as it was.

    """
    half = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.tmp")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if lasting:
                file.flush()
                os.fsync(handle)
        half.chmod(mode)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    if lasting:
        sync_folder(path.parent)


def sweep_abandoned(*patterns: tuple[Path, str]) -> None:
    """Remove the files and folders that a killed process left half-made, each found by a folder and a pattern."""
    for path in (found for folder, pattern in patterns for found in folder.glob(pattern)):
        try:
            if time.time() - path.stat().st_mtime <= _ABANDONED:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:  # another process sweeps too
            continue


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, for this user alone; one that exists is left as it is.

    Raises
    ------
    StoreError
        Where the folder can't be made.

    """
    try:
        above = [path, *path.parents]
        missing = above[: next(place for place, folder in enumerate(above) if folder.exists())]
        for folder in reversed(missing):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        there = path.is_dir()
    except OSError as error:
        raise StoreError(
            f"The folder {path} can't be made or entered: {error.strerror}.",
            "Give this user the right to enter the folders above it, and to write in the last of them.",
        ) from None
    if not there:
        raise StoreError(f"{path} is a file, not a folder.", "Move it away.")
    return path


def unreadable(path: Path, error: OSError) -> StoreError:
    """Make the error for a file or folder that is there and can't be read."""
    why = error.strerror or error
    return StoreError(f"{path} can't be read: {why}.", "Give this user the right to read it.")


def unwritable(path: Path, error: OSError) -> StoreError:
    """Make the error for a file that can't be written."""
    return StoreError(
        f"{path} can't be written: {error.strerror or error}.", "Give this user the right to write there."
    )


def share_files(source: Path, folder: Path) -> None:
    """Give an existing folder the files of another, never to be changed in either: linked where that can be.

    They are copied where the two lie on different disks, or belong to somebody else.
    """
    for path in sorted(source.rglob("*")):
        named = folder / path.relative_to(source)
        if path.is_dir():
            named.mkdir(mode=PRIVATE_FOLDER)
            continue
        try:
            if path.stat().st_uid != os.geteuid():
                raise PermissionError
            named.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, named)
