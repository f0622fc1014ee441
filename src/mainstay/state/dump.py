"""Every table as JSON lines: the backups that PostgreSQL has too, and the way from one engine to the other.

::

    dump(state, folder)  everything of one moment, into a folder that isn't there yet
    load(state, folder)  into an empty database of either engine; an older dump is brought forward
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import secrets
import shutil
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mainstay.errors import CorruptError, StoreError
from mainstay.extras import own_version
from mainstay.state.dumped import HEADER, Header, TableDump, read_header, table_file
from mainstay.state.files import PRIVATE_FILE, PRIVATE_FOLDER, private_folder, sync_file, sync_folder
from mainstay.state.schema import SCHEMA, apply, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mainstay.state.schema import Migration
    from mainstay.state.state import State

_CREATE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)
_BOOK = "migrations"
SECRET = frozenset({"persons", "destructions"})
"""In no dump: a copy of a key would outlive its destruction. `Persons.back_up` makes one where that is asked."""
_AT_ONCE = 500  # rows
_KEY = 4  # columns: the longest primary key there is; each table begins with its own


def dump(state: State, folder: Path) -> Header:
    """Write everything that is in the books' database but the keys of persons, as of one moment.

    Parameters
    ----------
    state : State
        The database, of any engine.
    folder : Path
        Made here; it is complete as soon as it has this name.

    Raises
    ------
    StoreError
        Where the folder is there already, or can't be written.

    """
    with state.read() as connection:
        return dump_within(state, connection, folder)


def dump_within(state: State, connection: sa.Connection, folder: Path) -> Header:
    """Write everything as an open transaction sees it; as `dump` otherwise."""
    half = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.tmp")
    try:
        private_folder(folder.parent)
        half.mkdir(mode=PRIVATE_FOLDER)
        try:
            there = state.tables(connection)
            tables = tuple(_write(connection, half, name) for name in _in_order(SCHEMA) if name in there - SECRET)
            header = Header(
                schema=schema_of(state, connection),
                mainstay=own_version(),
                at=dt.datetime.now(dt.UTC),
                tables=tables,
            )
            _put(half / HEADER, [msgspec.json.format(msgspec.json.encode(header))])
            sync_folder(half)
            half.rename(folder)  # fails where something is there already
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"The dump {folder} can't be written: {error.strerror}.",
            "Make room, name a folder that isn't there yet, or give this user the right to write there.",
        ) from None
    return header


def load(state: State, folder: Path, migrations: Sequence[Migration] = SCHEMA) -> Header:
    """Fill an empty database with what was dumped: all of it or nothing; an older one is brought forward.

    Parameters
    ----------
    state : State
        An open database without a row.
    folder : Path
        From `dump`, of any engine.
    migrations : sequence of Migration
        Every known step of the schema.

    Raises
    ------
    StoreError
        Where the database isn't empty, or the dump was written by a newer mainstay.
    CorruptError
        Where the dump isn't what was once written.

    """
    header = read_header(folder)
    known = len(migrations)
    if not 1 <= header.schema <= known:
        raise StoreError(
            f"The dump {folder} was written by a newer mainstay (schema {header.schema}; this one knows {known}).",
            "Update this one: pip install --upgrade mainstay",
        )
    with state.begin() as connection:
        _clear(state, connection, migrations)
        for migration in migrations[: header.schema]:
            apply(state, connection, migration)
        connection.execute(sa.delete(sa.table(_BOOK)))
        there = state.tables(connection)
        for table in header.tables:
            if table.name not in there:
                raise _contradiction(folder, table.name)
            _read(connection, folder, table)
        if schema_of(state, connection) != header.schema:
            raise _contradiction(folder, _BOOK)
        for migration in migrations[header.schema :]:
            apply(state, connection, migration)
    return header


def is_empty(state: State, connection: sa.Connection) -> bool:
    """Tell whether a database holds nothing yet but its tables."""
    return not any(
        connection.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first()
        for name in state.tables(connection) - {_BOOK}
    )


def _in_order(migrations: Sequence[Migration]) -> tuple[str, ...]:
    """Name the tables as they were made: a row never refers to one of a later table."""
    return (_BOOK, *(name for migration in migrations for name in _CREATE.findall(migration.sql)))


def _write(connection: sa.Connection, folder: Path, name: str) -> TableDump:
    digest, rows = hashlib.sha256(), 0
    names = _columns(connection, name)
    order = ", ".join(str(place + 1) for place in range(min(_KEY, len(names))))
    every = sa.text(f"SELECT * FROM {name} ORDER BY {order}")  # noqa: S608

    def lines() -> Iterator[bytes]:
        nonlocal rows
        with connection.execute(every, execution_options={"yield_per": _AT_ONCE}) as found:
            for row in found:
                line = msgspec.json.encode(dict(zip(names, row, strict=True))) + b"\n"
                digest.update(line)
                rows += 1
                yield line

    _put(table_file(folder, name), lines())
    return TableDump(name, rows, digest.hexdigest())


def _put(path: Path, parts: Iterator[bytes] | list[bytes]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as file:
        file.writelines(parts)
    sync_file(path)


def _clear(state: State, connection: sa.Connection, migrations: Sequence[Migration]) -> None:
    there = state.tables(connection)
    schema_of(state, connection)  # refuses a database of something else
    if not is_empty(state, connection):
        raise StoreError(
            f"The registry {state.name} isn't empty.",
            "Load the dump into an empty one: name another with MAINSTAY_STATE.",
        )
    for name in reversed(_in_order(migrations)):
        if name in there:
            connection.exec_driver_sql(f"DROP TABLE {name}")


def _read(connection: sa.Connection, folder: Path, table: TableDump) -> None:
    names = _columns(connection, table.name)
    decode = msgspec.json.Decoder(dict[str, str | int | float | None]).decode
    into = sa.insert(sa.table(table.name, *(sa.column(name) for name in names)))
    rows = 0
    try:
        with table_file(folder, table.name).open("rb") as file:
            while batch := [decode(line) for line in islice(file, _AT_ONCE)]:
                if any(row.keys() != set(names) for row in batch):
                    raise _contradiction(folder, table.name)
                connection.execute(into, batch)
                rows += len(batch)
    except (msgspec.MsgspecError, sa.exc.IntegrityError, sa.exc.DataError):
        raise _contradiction(folder, table.name) from None
    if rows != table.rows:
        raise _contradiction(folder, table.name)


def _columns(connection: sa.Connection, name: str) -> tuple[str, ...]:
    return tuple(connection.execute(sa.text(f"SELECT * FROM {name} LIMIT 0")).keys())  # noqa: S608 - a table of ours


def _contradiction(folder: Path, table: str) -> CorruptError:
    return CorruptError(
        f"The dump {folder} contradicts itself: {table} isn't of the schema it names.",
        "Take another one; nothing was changed.",
    )
