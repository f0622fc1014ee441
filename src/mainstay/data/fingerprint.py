"""The fingerprint of a table's content: the same however the table is laid out."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.times import read_times

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELL = "\x1f"
_MISSING = "\x00"
_TRUTHS = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}


def fingerprint(frame: pl.DataFrame) -> str:
    """Digest a table's content: 32 hex digits.

    Two tables with the same column names and the same multiset of rows have the same fingerprint: whatever the file
    format, separator, encoding, order of columns, order of rows, or way a number, a truth or a time is written
    (``1.50`` and ``1.5``, ``5e+05`` and ``500000``, ``True`` and ``true``). A code with leading zeros, ``001``, is
    taken for its number, which is the price of not knowing the types.

    Examples
    --------
    >>> a = pl.DataFrame({"x": ["1.50", "2"], "y": ["a", None]})
    >>> b = pl.DataFrame({"y": [None, "a"], "x": [2.0, 1.5]})
    >>> fingerprint(a) == fingerprint(b)
    True

    """
    names = sorted(frame.columns)
    whole = blake2b(_CELL.join(names).encode(), digest_size=16)
    for digest in sorted(row_digests(frame, names)):
        whole.update(digest)
    return whole.hexdigest()


def row_digests(frame: pl.DataFrame, names: Sequence[str], salt: bytes = b"") -> list[bytes]:
    """Digest each row over the columns `names`, in that order: 16 bytes a row, equal for equal content."""
    cells = pl.DataFrame([canonical(frame[name]) for name in names])
    lines = cells.select(pl.concat_str(pl.all(), separator=_CELL).alias("row"))["row"].to_list()
    return [blake2b(line.encode(), digest_size=16, key=salt).digest() for line in lines]


def canonical(cells: pl.Series) -> pl.Series:
    """Write each cell in one way, whatever its type: a text never null."""
    if cells.dtype == pl.Boolean:
        return cells.replace_strict({True: "true", False: "false"}, default=_MISSING, return_dtype=pl.String)
    times = read_times(cells)
    if times is not None:
        return times.values.dt.timestamp("us").cast(pl.String).fill_null(_MISSING)
    texts = cells.cast(pl.String).str.strip_chars()
    numbers = cells.cast(pl.Float64, strict=False)
    bits = _bits(numbers).rename("bits")
    table = pl.DataFrame([texts.rename("text"), bits])
    spoken = pl.col("text").replace(_TRUTHS)
    written = pl.when(pl.col("bits").is_not_null()).then("#" + pl.col("bits")).otherwise(spoken)
    blank = pl.col("text").is_null() | (pl.col("text") == "") | (pl.col("text") == "NaN")
    return table.select(pl.when(blank).then(pl.lit(_MISSING)).otherwise(written).alias(cells.name)).to_series()


def _bits(numbers: pl.Series) -> pl.Series:
    """Write floats as their bits, which no version of any library formats differently; null where there is none."""
    values = numbers.fill_null(np.nan).to_numpy().astype(np.float64) + 0.0
    texts = pl.Series(values.view(np.int64)).cast(pl.String)
    return pl.select(pl.when(pl.Series(~np.isnan(values))).then(texts)).to_series()
