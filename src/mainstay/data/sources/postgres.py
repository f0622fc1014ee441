"""PostgreSQL: a server-side cursor in a read-only transaction, through psycopg 3."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl

from mainstay.contract.columns.base import BLANKS
from mainstay.data.dialect import name_columns
from mainstay.data.sources.base import BATCH_CELLS
from mainstay.data.sources.database import demand_query, keep_answer, refused
from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection, ServerCursor

    from mainstay.data.sources.base import Source, Stream

_TYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), pl.Int64()),
    **dict.fromkeys(("float4", "float8", "numeric"), pl.Float64()),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
    "interval": pl.Float64(),
}
_AS_TEXT = ("time", "timetz", "uuid", "json", "jsonb", "money")
_LEFT_OUT = ("bytea",)


def open_postgres(source: Source) -> Stream:
    """Ask a PostgreSQL database.

    Raises
    ------
    DataError
        Where no query is given, nobody answers at the address, or the database refuses.
    SetupError
        Where the extra isn't installed.

    """
    psycopg = need("psycopg", source.name, "postgres")
    query = demand_query(source)
    address = "postgresql://" + source.address.partition("://")[2]
    try:
        with closing(psycopg.connect(address, application_name="mainstay", connect_timeout=10)) as connection:
            connection.read_only = True
            _load_plainly(connection)
            with connection.cursor(name="mainstay_rows") as cursor:
                cursor.execute(query.encode())
                columns = _columns(connection, cursor, source)
                skipped = tuple(name for name, dtype in columns if dtype is None)
                return keep_answer(source, _answer(cursor, columns), skipped, "PostgreSQL")
    except (psycopg.Error, UnicodeError, OverflowError) as error:
        raise refused(source, error) from None


def _load_plainly(connection: Connection[Any]) -> None:
    """Have amounts as floats and times in UTC, and as text what no contract knows."""
    from psycopg.types.numeric import FloatLoader  # noqa: PLC0415 - an extra
    from psycopg.types.string import TextLoader  # noqa: PLC0415

    connection.adapters.register_loader("numeric", FloatLoader)
    for kind in _AS_TEXT:
        connection.adapters.register_loader(kind, TextLoader)
    connection.execute("set local timezone to 'UTC'")


def _columns(
    connection: Connection[Any], cursor: ServerCursor[Any], source: Source
) -> list[tuple[str, pl.DataType | None]]:
    found: list[tuple[str, pl.DataType | None]] = []
    name_columns([column.name for column in cursor.description or ()], source.name)
    for column in cursor.description or ():
        info = connection.adapters.types.get(column.type_code)
        kind = info.name if info else ""
        is_array = info is not None and column.type_code == info.array_oid
        if kind in _LEFT_OUT or (is_array and column.name not in source.tensors):
            found.append((column.name, None))
        elif is_array:
            found.append((column.name, pl.List(pl.Float64())))
        else:
            found.append((column.name, _TYPES.get(kind, pl.String())))
    return found


def _answer(cursor: ServerCursor[Any], columns: Sequence[tuple[str, pl.DataType | None]]) -> Iterator[pl.DataFrame]:
    size = max(1000, BATCH_CELLS // 2 // max(1, len(columns)))
    first = True
    while (rows := cursor.fetchmany(size)) or first:
        first = False
        cells = list(zip(*rows, strict=True)) or [()] * len(columns)
        series = [
            _series(name, column, dtype)
            for column, (name, dtype) in zip(cells, columns, strict=True)
            if dtype is not None
        ]
        yield pl.DataFrame(series)


def _series(name: str, cells: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    if dtype == pl.String:
        texts = [None if cell is None else str(cell).strip(BLANKS) or None for cell in cells]
        return pl.Series(name, texts, dtype=dtype)
    if dtype == pl.Float64 and any(isinstance(cell, dt.timedelta) for cell in cells):
        seconds = [cell.total_seconds() if isinstance(cell, dt.timedelta) else cell for cell in cells]
        return pl.Series(name, seconds, dtype=dtype)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        naive = [None if cell is None else cell.astimezone(dt.UTC).replace(tzinfo=None) for cell in cells]
        return pl.Series(name, naive, dtype=pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.Series(name, cells, dtype=dtype)
