"""Databases: the answer to one query, read once in a transaction that can't write.

The answer to a query may be another one a second later, so its rows are kept beside while they are needed: in memory,
or on disk in a temporary folder where they don't fit.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainstay.data.dialect import name_columns
from mainstay.data.sources.base import WHOLE_CELLS, Stream, held, pick
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.data.sources.base import Source


def demand_query(source: Source) -> str:
    """Give the query, without what would end it.

    Raises
    ------
    DataError
        Where there is none.

    """
    query = source.query.strip().rstrip(";").strip()
    if not query:
        raise DataError(
            f"{source.name} is a database, and nothing says which rows.",
            'Say it: query = "select …" in [data], or init --query "select …".',
        )
    return query


def refused(source: Source, error: Exception) -> DataError:
    """Say in the database's own words why it gave no rows; never its password."""
    said = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
    return DataError(f"{source.name} says: {source.hide(said)[:500]}", "Mend the query or the address in [data].")


def keep_answer(source: Source, batches: Iterator[pl.DataFrame], skipped: tuple[str, ...], words: str) -> Stream:
    """Keep the rows of an answer so that they can be read again.

    Parameters
    ----------
    source : Source
        The database.
    batches : iterator of polars.DataFrame
        The rows, all of one schema; at least one batch, which may be empty.
    skipped : tuple of str
        Columns left out.
    words : str
        The database in words.

    """
    kept: list[pl.DataFrame] = []
    cells = 0
    for batch in batches:
        kept.append(batch)
        cells += batch.height * batch.width
        if cells > WHOLE_CELLS:
            return _spooled(source, kept, batches, skipped, words)
    whole = pl.concat(kept)
    name_columns(whole.columns, source.name)
    return held(whole, words, skipped, unchanged=_nothing)


def _spooled(
    source: Source, first: list[pl.DataFrame], rest: Iterator[pl.DataFrame], skipped: tuple[str, ...], words: str
) -> Stream:
    room = _Room()
    files: list[Path] = []

    def put(batch: pl.DataFrame) -> None:
        files.append(room.path / f"{len(files)}.arrow")
        try:
            batch.write_ipc(files[-1])
        except OSError as error:
            raise DataError(
                f"The rows of {source.name} don't fit into {tempfile.gettempdir()}: {error.strerror}.",
                "Make room there, or set TMPDIR to another folder.",
            ) from None

    schema = first[0].schema
    for batch in first:
        put(batch)
    first.clear()
    for batch in rest:
        put(batch)

    def batches(columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        room.demand()  # it is there as long as somebody can ask for its rows
        return (pick(pl.read_ipc(file), columns) for file in files)

    return Stream(words, schema, batches, None, skipped, _nothing)


class _Room:
    """A temporary folder that goes when nobody can ask for it any more, or the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mainstay-rows-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def demand(self) -> None:
        """Refuse where somebody removed it."""
        if not self.path.is_dir():
            raise DataError(f"{self.path} is gone: it held rows that are still read.", "Start again.")


def _nothing() -> None:
    """Nobody else writes to rows that are kept."""
