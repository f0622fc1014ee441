"""Reading rows of a table: a file of it that is gone or damaged is told in a sentence, and never read as no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import CorruptError

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 300


def gathered(rows: pl.LazyFrame) -> pl.DataFrame:
    """Read what was asked of a table.

    Raises
    ------
    CorruptError
        Where a file that the table names is gone, or isn't what was written.

    """
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    try:
        return rows.collect()
    except (FileNotFoundError, pl.exceptions.PolarsError) as error:
        said = " ".join(str(error).split("(set POLARS_VERBOSE")[0].split())[:_SHOWN].rstrip(".")
        raise CorruptError(
            f"A file of the event log's table can't be read: {said}.",
            "Restore that file from a backup; mainstay admin doctor looks at the rest.",
        ) from None
