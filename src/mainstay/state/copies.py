"""Copies of a registry's file: what a damaged or vanished one is brought back from."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError
from mainstay.state.files import PRIVATE_FILE, private_folder, sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKUPS = "backups"
_RECENT = "recent"
_KEPT = 5
_USUAL = 32 * 2**20  # bytes: some 2 000 versions, copied and checked in a tenth of a second


def back_up(path: Path, label: str) -> Path:
    """Copy a database, as of its last commit, into the folder ``backups`` beside it.

    A connection of its own sees the last commit even while another one holds the write lock.

    Returns
    -------
    Path
        The copy: ``<name>-<label>-<UTC time>.sqlite``, for this user alone.

    Raises
    ------
    CorruptError
        Where the copy isn't sound, for then the database isn't; nothing is kept.

    """
    folder = private_folder(path.parent / BACKUPS)
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / f"{path.stem}-{label}-{stamp}.sqlite"
    with _half_made(target) as half:
        # mode=rw: one that was moved away meanwhile isn't made anew.
        there = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(there, uri=True)) as source, closing(sqlite3.connect(half)) as copy:
            source.backup(copy)
            damage = first_damage(copy)
        if damage:
            raise CorruptError(f"The registry {path} is damaged: {damage}.", "mainstay admin doctor says what to do.")
    return target


def keep_recent(path: Path) -> Path | None:
    """Copy a database, and keep the newest few of such copies; raises as `back_up` does, and the older ones stay then.

    One whose copy costs more than a moment isn't copied each time: what this takes stays a small share of the time.

    Returns
    -------
    Path or None
        The copy; None where the last one is young enough.

    """
    recent = _recent(path)
    if recent and time.time() - recent[-1].stat().st_mtime < _pause(path):
        return None
    made = back_up(path, _RECENT)
    for old in recent[: 1 - _KEPT]:
        old.unlink(missing_ok=True)  # another process may have been faster
    return made


def is_usual(path: Path) -> bool:
    """Tell whether a database is small enough to be copied while somebody waits; one that is gone is, too."""
    try:
        return path.stat().st_size <= _USUAL
    except OSError:
        return True


def first_damage(connection: sqlite3.Connection) -> str:
    """Let SQLite look at every page of an open file; gives the first thing that is wrong, empty where all is well."""
    said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if said == "ok" else " ".join(said.removeprefix("*** in database main ***").split()).rstrip(".")


def newest_copy(path: Path) -> Path | None:
    """Find the newest copy of a registry; None where there is none."""
    copies = copies_of(path)
    return copies[-1] if copies else None


def copies_of(path: Path) -> list[Path]:
    """Name every copy of a registry, oldest first."""
    copies = (path.parent / BACKUPS).glob(f"{path.stem}-*.sqlite")
    return sorted(copies, key=lambda file: (file.stat().st_mtime_ns, file.name))


def _recent(path: Path) -> list[Path]:
    """Name the rolling copies, oldest first."""
    return sorted((path.parent / BACKUPS).glob(f"{path.stem}-{_RECENT}-*.sqlite"))


def _pause(path: Path) -> float:
    """Give the seconds between two copies: none for a file of a usual size, ten for each further 32 MB."""
    return 10.0 * max(0.0, path.stat().st_size / _USUAL - 1)


@contextmanager
def _half_made(target: Path) -> Iterator[Path]:
    half = target.with_suffix(f".{os.getpid()}.tmp")
    os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        yield half
        sync_file(half)
        half.rename(target)
        sync_folder(target.parent)
    finally:
        half.unlink(missing_ok=True)
