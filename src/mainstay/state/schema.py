"""Numbered forward migrations, each in one transaction, with a backup before it: one set of files for every engine."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainstay.errors import CorruptError, StoreError
from mainstay.state.times import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.state.state import State

_NAME = re.compile(r"^(\d{4})_([a-z_]+)\.sql$")
# A table and not SQLite's user_version, so that the same rows say it in another engine.
_BOOK = (
    "CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL)"
)
_STEPS = sa.table("migrations", *(sa.column(name) for name in ("number", "name", "at")))


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


def schema_of(state: State, connection: sa.Connection) -> int:
    """Read how far a database is: 0 for an empty one.

    Raises
    ------
    CorruptError
        Where the database has tables but isn't a registry of ours.

    """
    names = state.tables(connection)
    if not names:
        return 0
    if {"migrations", "versions"} <= names:
        return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(_STEPS.c.number), 0))).scalar_one())
    raise CorruptError(
        f"{state.name} is a database of something else.", "Move it away, or name another place with MAINSTAY_STATE."
    )


def migrate(state: State, migrations: Sequence[Migration] = SCHEMA) -> None:
    """Bring a database forward to the newest of `migrations`, one transaction and one backup each.

    One that is empty has nothing to lose: it is made in a single transaction, without a backup.

    Parameters
    ----------
    state : State
        The database.
    migrations : sequence of Migration
        Every known step, in order.

    Raises
    ------
    StoreError
        Where the database was written by a newer mainstay.
    CorruptError
        Where it isn't a registry, or is an empty file.

    """
    newest = len(migrations)
    while (found := _schema_now(state)) != newest:
        if found > newest:
            raise StoreError(
                f"The registry {state.name} was written by a newer mainstay (schema {found}; this one knows {newest}).",
                "Update this one: pip install --upgrade mainstay",
            )
        _step(state, migrations[found : found + 1] if found else migrations)


def _schema_now(state: State) -> int:
    with state.read() as connection:
        return schema_of(state, connection)


def _step(state: State, steps: Sequence[Migration]) -> None:
    first = steps[0].number
    with state.begin() as connection:
        # Another process may have been faster while this one waited for the lock.
        if schema_of(state, connection) != first - 1:
            return
        if first > 1:
            state.keep(connection, f"before-{first:04d}")
        for step in steps:
            apply(state, connection, step)


def apply(state: State, connection: sa.Connection, migration: Migration) -> None:
    """Take one step in an open write transaction, and write it down."""
    for statement in (_BOOK, *statements(migration.sql)):
        connection.exec_driver_sql(state.spelt(statement))
    row = {"number": migration.number, "name": migration.name, "at": to_text(dt.datetime.now(dt.UTC))}
    connection.execute(sa.insert(_STEPS).values(row))


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
