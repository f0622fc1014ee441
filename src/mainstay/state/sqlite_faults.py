"""What SQLite says when it can't go on, as sentences with a cure."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy.exc

from mainstay.errors import CorruptError, LockedError, StoreError
from mainstay.state.copies import newest_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_INDEX = 32 * 1024  # bytes; where the file of that size can't be made, SQLite says that the disk failed
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_TORN = ("no such table:", "no such column:")  # each statement is one of ours, and the schema was brought up to date
_OTHER = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_NOMEM: "memory ran out",
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at `path` into ours; a mistake in a statement of ours stays what it is."""
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise _sentence(path, error.orig) or error from None
    except sqlite3.Error as error:
        raise _sentence(path, error) or error from None


def _sentence(path: Path, error: BaseException | None) -> StoreError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF  # the upper bits say where it happened
    if primary in _LOCKED:
        return LockedError(
            f"Another process holds the registry {path}.",
            f"Wait for it to end, or find it with: fuser {path}",
        )
    if what := _damage(primary, str(error)):
        return CorruptError(f"The registry {path} {what}: {error}.", restore_hint(path))
    if primary in _UNWRITABLE:
        return StoreError(
            f"The registry {path} can't be written by this user.",
            f"Give this user the right to write in {path.parent}, or name another place with MAINSTAY_STATE.",
        )
    if primary in _OTHER:
        what = "the disk is full" if primary == sqlite3.SQLITE_IOERR and _no_room(path) else _OTHER[primary]
        return StoreError(f"The registry {path} can't be used: {what}.", "Mend that, and try again.")
    return None


def _no_room(path: Path) -> bool:
    """Say whether the disk has less room than a reader needs for its index of what was written last."""
    try:
        return shutil.disk_usage(path.parent).free < _INDEX
    except OSError:
        return False


def _damage(primary: int, said: str) -> str:
    if primary in _CORRUPT:
        return "is damaged, or isn't one"
    return "lacks something it once had" if primary == sqlite3.SQLITE_ERROR and said.startswith(_TORN) else ""


def restore_hint(path: Path) -> str:
    """Say how to get a damaged registry back."""
    newest = newest_copy(path)
    if newest is not None:
        return f"Bring back the newest backup, {newest}: mainstay admin restore"
    return (
        f"Bring back a backup: mainstay admin restore FILE.zip. Without one, move {path.name}* away and start again: "
        "the bundles in the store are whole without it."
    )
