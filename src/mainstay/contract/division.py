"""Division of whole columns, rounded as IEEE 754 says.

Polars multiplies by the reciprocal where the divisor is one number, which differs from a division in the last bit of
nearly every third result. A serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


def quotient(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Divide two columns, or a column by a number; null where either is.

    Examples
    --------
    >>> frame = pl.DataFrame({"us": [1709168523456000, None]})
    >>> frame.select(quotient(pl.col("us"), pl.lit(1e6))).to_series().to_list()
    [1709168523.456, None]

    """
    return pl.map_batches([a, b], _divide, return_dtype=pl.Float64)


def _divide(cells: Sequence[pl.Series]) -> pl.Series:
    a, b = (each.cast(pl.Float64) for each in cells)
    there = np.asarray(a.is_not_null()) & np.asarray(b.is_not_null())
    with np.errstate(all="ignore"):
        found = pl.Series(a.name, a.to_numpy() / b.to_numpy(), dtype=pl.Float64)
    return found if there.all() else found.set(pl.Series(~np.broadcast_to(there, len(found))), None)
