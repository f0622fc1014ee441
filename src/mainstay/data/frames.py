"""Tables of other libraries: whatever is a table in memory becomes a Polars table, through Arrow where it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import polars as pl

from mainstay.errors import InputError


@runtime_checkable
class ArrowStream(Protocol):
    """Anything that hands its columns over as an Arrow stream: pandas, pyarrow, DuckDB, cuDF, nanoarrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give a PyCapsule with the stream."""


def as_frame(table: object) -> pl.DataFrame:
    """Take a table of pandas, Polars, Arrow, or anything with the Arrow PyCapsule interface; columns in a dict too.

    An index that isn't the rows' numbers is not taken: make it a column first, ``table.reset_index()``.

    Raises
    ------
    InputError
        Where it is no table.

    Examples
    --------
    >>> as_frame({"age": [30, None]}).rows()
    [(30,), (None,)]

    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    try:
        if isinstance(table, ArrowStream) or (isinstance(table, Mapping) and table):
            return pl.DataFrame(table)
        to_arrow = getattr(table, "to_arrow", None)
        if callable(to_arrow):
            return pl.DataFrame(to_arrow())
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"The table ({type(table).__name__}) can't be read: {said}.", "Give every column cells of one type."
        ) from None
    raise InputError(
        f"{type(table).__name__} is no table.",
        "Give a pandas, Polars or Arrow table, or anything with __arrow_c_stream__.",
    )
