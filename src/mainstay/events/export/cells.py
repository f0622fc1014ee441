"""Cells of a csv file: nothing that a spreadsheet would run, several values as JSON, moments in ISO 8601.

Reference: OWASP, CSV Injection. https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import msgspec
import polars as pl

# The full-width forms of = + - @ begin a formula in spreadsheets of some languages, too.
_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
MOMENT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def as_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Give a table whose every value fits one cell, and is harmless where a spreadsheet opens it.

    A text that begins like a formula gets an apostrophe in front, unless it is a number.

    Examples
    --------
    >>> as_cells(pl.DataFrame({"a": ["=1+1", "-5.2", "x"], "b": [[1], [], None]})).rows()
    [("'=1+1", '[1]'), ('-5.2', '[]'), ('x', None)]

    """
    return pl.DataFrame([_harmless(_flat(column)) for column in frame.get_columns()])


def with_moments(frame: pl.DataFrame) -> pl.DataFrame:
    """Write moments as ISO 8601 texts, UTC."""
    return frame.with_columns(pl.col(pl.Datetime).dt.to_string(MOMENT))


def _flat(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.to_string(MOMENT)
    if not column.dtype.is_nested():
        return column
    texts = [None if cell is None else msgspec.json.encode(cell).decode() for cell in column.to_list()]
    return pl.Series(column.name, texts, dtype=pl.String)


def _harmless(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column
    cell = pl.col(column.name)
    odd = cell.str.contains(_FORMULA) & ~cell.str.contains(_NUMBER)
    marked = pl.when(odd).then(pl.concat_str(pl.lit("'"), cell)).otherwise(cell)
    return column.to_frame().select(marked.alias(column.name)).to_series()
