"""Tensors of a whole column, by numpy: to the same bits as `Tensor.parse` gives for one value.

A serving worker never imports this module.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract.columns.tensor import Tensor


def read(cell: pl.Expr, column: Tensor) -> pl.Expr:
    """Read lists and arrays; null where one isn't a tensor of the column's shape and type."""
    return cell.map_batches(partial(_read, column=column), return_dtype=column.stored(), is_elementwise=True)


def beyond(cell: pl.Expr, column: Tensor) -> list[tuple[str, pl.Expr]]:
    """Name each limit and where tensors break it, of both the first."""
    low, high = column.limits

    def below(cells: pl.Series) -> pl.Series:
        return _marked(cells, elements(cells, column).min(axis=1) < low)

    def above(cells: pl.Series) -> pl.Series:
        values = elements(cells, column)
        kept = True if low is None else values.min(axis=1) >= low
        return _marked(cells, (values.max(axis=1) > high) & kept)

    rules = []
    if low is not None:
        rules.append((f"below {column.min} in some element", _map(cell, below)))
    if high is not None:
        rules.append((f"above {column.max} in some element", _map(cell, above)))
    return rules


def clip(cell: pl.Expr, column: Tensor) -> pl.Expr:
    """Bring the elements of tensors back to the nearest allowed ones."""

    def clipped(cells: pl.Series) -> pl.Series:
        there = cells.is_not_null()
        return _scattered(column.clipped(elements(cells, column)), there.to_numpy(), column, cells.name)

    return cell.map_batches(clipped, return_dtype=column.stored(), is_elementwise=True)


def encode(cells: pl.Series, column: Tensor) -> NDArray[np.float64]:
    """Encode tensors for a model; shape (rows, width), missing values NaN."""
    encoded = np.full((len(cells), column.width), np.nan)
    encoded[cells.is_not_null().to_numpy()] = elements(cells, column)
    return encoded


def elements(cells: pl.Series, column: Tensor) -> NDArray[Any]:
    """Give the elements of the tensors that are there; shape (those, width)."""
    there = cells.drop_nulls()
    flat = there.reshape((-1,)) if there.len() else pl.Series(dtype=pl.Float64)
    return flat.to_numpy().reshape(-1, column.width)


def _map(cell: pl.Expr, function: Any) -> pl.Expr:
    return cell.map_batches(function, return_dtype=pl.Boolean, is_elementwise=True)


def _marked(cells: pl.Series, marks: NDArray[np.bool_]) -> pl.Series:
    """Give marks for the tensors that are there, null for the others."""
    found = np.zeros(len(cells), dtype=bool)
    there = cells.is_not_null()
    found[there.to_numpy()] = marks
    return pl.select(pl.when(there).then(pl.Series(found))).to_series().alias(cells.name)


def _read(cells: pl.Series, *, column: Tensor) -> pl.Series:
    rows = np.arange(len(cells))
    values = cells
    for depth, size in enumerate(column.shape):
        if not isinstance(values.dtype, pl.List | pl.Array):
            return _nothing(cells, column)
        lists = values.cast(pl.List(values.dtype.inner)) if isinstance(values.dtype, pl.Array) else values
        sound = (lists.list.len() == size).fill_null(value=False).to_numpy()
        per_row = int(np.prod(column.shape[:depth]))
        kept = sound.reshape(-1, per_row).all(axis=1)
        lists = lists.filter(pl.Series(np.repeat(kept, per_row)))
        rows, values = rows[kept], lists.explode()
    if not (values.dtype.is_integer() or values.dtype.is_float()) or not rows.size:
        return _nothing(cells, column)
    found, fits = _typed(values, column)
    there = np.zeros(len(cells), dtype=bool)
    there[rows[fits]] = True
    return _scattered(found[fits], there, column, cells.name)


def _typed(values: pl.Series, column: Tensor) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Give the elements as they are kept, shape (rows, width), and which rows are sound."""
    if column.is_whole:
        whole = values.cast(pl.Int64, strict=False)
        sound = whole.is_between(*column.ends).fill_null(value=False)
        if values.dtype.is_float():
            sound = sound & (values == values.floor()).fill_null(value=False)
        found: NDArray[Any] = whole.fill_null(0).to_numpy()
        fits: NDArray[np.bool_] = np.asarray(sound.to_numpy().reshape(-1, column.width).all(axis=1))
        return found.reshape(-1, column.width), fits
    numbers = column.as_dtype(values.cast(pl.Float64).fill_null(np.nan).to_numpy()).reshape(-1, column.width)
    return numbers, np.asarray(np.isfinite(numbers).all(axis=1))


def _nothing(cells: pl.Series, column: Tensor) -> pl.Series:
    return pl.Series(cells.name, [None] * len(cells), dtype=column.stored())


def _scattered(found: NDArray[Any], there: NDArray[np.bool_], column: Tensor, name: str) -> pl.Series:
    """Put tensors in the rows where they are there, null in the others."""
    spread = np.zeros((len(there), column.width), dtype=np.int64 if column.is_whole else np.float64)
    spread[there] = found
    whole = pl.Series(name, spread.reshape(-1)).reshape((-1, *column.shape)).cast(column.stored())
    return pl.select(pl.when(pl.Series(there)).then(whole)).to_series().alias(name)
