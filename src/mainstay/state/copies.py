"""Copies of a registry's file: what a damaged or vanished one is brought back from."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from mainstay.state.files import PRIVATE_FILE, private_folder, sync_file, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

BACKUPS = "backups"


def back_up(path: Path, label: str) -> Path:
    """Copy a database, as of its last commit, into the folder ``backups`` beside it.

    A connection of its own sees the last commit even while another one holds the write lock.

    Returns
    -------
    Path
        The copy: ``<name>-<label>-<UTC time>.sqlite``, for this user alone.

    """
    folder = private_folder(path.parent / BACKUPS)
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / f"{path.stem}-{label}-{stamp}.sqlite"
    half = target.with_suffix(f".{os.getpid()}.tmp")
    os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(half)) as copy:
            source.backup(copy)
        sync_file(half)
        half.rename(target)
        sync_folder(folder)
    finally:
        half.unlink(missing_ok=True)
    return target


def newest_copy(path: Path) -> Path | None:
    """Find the newest copy of a registry; None where there is none."""
    copies = (path.parent / BACKUPS).glob(f"{path.stem}-*.sqlite")
    return max(copies, key=lambda file: file.stat().st_mtime, default=None)
