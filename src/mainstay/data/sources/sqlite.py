"""SQLite: a file opened for reading alone. Its cells have types of their own each, so they are read as text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl

from mainstay.contract.columns.base import BLANKS
from mainstay.data.sources.base import BATCH_CELLS
from mainstay.data.sources.database import demand_query, keep_answer, refused
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.sources.base import Source, Stream

SCHEME = "sqlite:///"


def open_sqlite(source: Source) -> Stream:
    """Ask a SQLite file.

    Raises
    ------
    DataError
        Where the file isn't there, no query is given, or SQLite refuses it.

    """
    query = demand_query(source)
    path = Path(source.address.removeprefix(SCHEME))
    if not path.is_file():
        raise DataError(f"There is no SQLite file {path}.", "Check the address: sqlite:///path/of/file.db")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            return keep_answer(source, _answer(connection, query, source), (), "SQLite")
    except sqlite3.Error as error:
        raise refused(source, error) from None


def _answer(connection: sqlite3.Connection, query: str, source: Source) -> Iterator[pl.DataFrame]:
    connection.execute("pragma query_only = on")
    cursor = connection.execute(query)
    if cursor.description is None:
        raise DataError(f"The query of {source.name} gives no rows.", 'Ask for rows: query = "select …".')
    names = [str(column[0]) for column in cursor.description]
    size = max(1000, BATCH_CELLS // max(1, len(names)))
    first = True
    while (rows := cursor.fetchmany(size)) or first:
        first = False
        cells = list(zip(*rows, strict=True)) or [()] * len(names)
        yield _frame(names, [[_text(cell) for cell in column] for column in cells])


def _frame(names: list[str], columns: list[list[str | None]]) -> pl.DataFrame:
    series = [pl.Series(str(place), cells, dtype=pl.String) for place, cells in enumerate(columns)]
    frame = pl.DataFrame(series)
    frame.columns = _unique(names)
    stripped = pl.all().str.strip_chars(BLANKS)
    return frame.with_columns(pl.when(stripped != "").then(stripped).name.keep())


def _unique(names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise DataError(
            f"The query gives more than one column called {', '.join(map(repr, twice[:5]))}.",
            "Name them apart: … as ….",
        )
    return names


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    return cell.hex() if isinstance(cell, bytes) else repr(cell)
