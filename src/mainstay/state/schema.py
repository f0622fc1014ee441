"""Numbered forward migrations, each in one transaction, with a backup before it."""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, StoreError
from mainstay.state.faults import BACKUPS, restore_hint
from mainstay.state.files import PRIVATE_FILE, private_folder, sync_file, sync_folder
from mainstay.state.times import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_NAME = re.compile(r"^(\d{4})_([a-z_]+)\.sql$")
# A table and not SQLite's user_version, so that the same rows say it in another engine.
_BOOK = (
    "CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL)"
)


@dataclass(frozen=True)
class Migration:
    """One step forward.

    Parameters
    ----------
    number : int
        1, 2, 3 ... without a gap.
    name : str
        What it brings.
    sql : str
        Its statements.

    """

    number: int
    name: str
    sql: str


def _load() -> tuple[Migration, ...]:
    files = sorted(resources.files("mainstay.state").joinpath("migrations").iterdir(), key=lambda file: file.name)
    named = [(match, file) for file in files if (match := _NAME.match(file.name))]
    return tuple(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")) for match, file in named)


SCHEMA = _load()
"""Every migration this code knows, in order."""


def schema_of(connection: sqlite3.Connection, path: Path) -> int:
    """Read how far a database is: 0 for an empty one.

    Raises
    ------
    CorruptError
        Where the database has tables but isn't a registry of ours.

    """
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "migrations" not in names:
        if names:
            raise CorruptError(
                f"{path} is a database of something else.", "Move it away, or name another place with MAINSTAY_STATE."
            )
        return 0
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()[0])


def migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = SCHEMA, *, keep: bool = True
) -> None:
    """Bring a database forward to the newest of `migrations`, one transaction and one backup each.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    path : Path
        The file, to name it in errors and to put backups beside it.
    migrations : sequence of Migration
        Every known step, in order.
    keep : bool
        Whether to take the backups; a database that is just being made has nothing to lose.

    Raises
    ------
    StoreError
        Where the database was written by a newer mainstay.
    CorruptError
        Where it isn't a registry, or is an empty file.

    """
    newest = len(migrations)
    while (found := schema_of(connection, path)) != newest:
        if found > newest:
            raise StoreError(
                f"The registry {path} was written by a newer mainstay (schema {found}; this one knows {newest}).",
                "Update this one: pip install --upgrade mainstay",
            )
        _step(connection, path, migrations[found], keep=keep)


def _step(connection: sqlite3.Connection, path: Path, migration: Migration, *, keep: bool) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster while this one waited for the lock.
        if schema_of(connection, path) == migration.number - 1:
            if keep:
                back_up(path, f"before-{migration.number:04d}")
            connection.execute(_BOOK)
            for statement in statements(migration.sql):
                connection.execute(statement)
            row = (migration.number, migration.name, to_text(dt.datetime.now(dt.UTC)))
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", row)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


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


def statements(sql: str) -> Iterator[str]:
    """Cut a script into statements; `executescript` would commit the transaction it runs in."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if pending.strip():
        raise ValueError("the last statement of the migration has no semicolon")


def check_file(path: Path) -> None:
    """Refuse what can't be a registry before SQLite makes a fresh one of it.

    Raises
    ------
    CorruptError
        For an empty file: ours are never empty, they get their name when they are complete.

    """
    if path.stat().st_size == 0:
        raise CorruptError(f"The registry {path} is empty: something cut it off.", restore_hint(path))
