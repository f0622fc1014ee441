"""Segments: the label of each row in the columns whose groups are judged apart."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.personal import coarse

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

MISSING = "missing"
MOST_LABELS = 12
_PARTS = 4


def label_rows(
    typed: pl.DataFrame,
    original: pl.DataFrame,
    names: Sequence[str],
    learned: NDArray[np.bool_],
    own: Collection[str] = (),
) -> dict[str, NDArray[np.str_]]:
    """Label each row in each segment column.

    Columns with at most 12 different values keep them as they are written in the source; numeric columns with more
    are cut at the quartiles of the training rows (``"21 to 28"``).

    Parameters
    ----------
    typed, original : polars.DataFrame
        The same rows, typed by the contract and as read.
    names : sequence of str
        The segment columns.
    learned : array of bool
        True for training rows.
    own : collection of str
        Personal columns: the numbers that part their groups are rounded, so that they are nobody's.

    """
    return {name: _label(typed[name], original[name], learned, own=name in own) for name in names}


def _label(typed: pl.Series, original: pl.Series, learned: NDArray[np.bool_], *, own: bool) -> NDArray[np.str_]:
    if typed.dtype.is_numeric() and typed.drop_nulls().n_unique() > MOST_LABELS:
        return _cut(typed.cast(pl.Float64), learned, own=own)
    if typed.dtype.is_numeric():
        typed = pl.Series([None if value is None else f"{value:g}" for value in typed.to_list()], dtype=pl.String)
    elif typed.dtype == pl.Boolean and original.dtype != pl.Boolean:
        typed = original
    return typed.cast(pl.String).fill_null(MISSING).to_numpy().astype(np.str_)


def _cut(values: pl.Series, learned: NDArray[np.bool_], *, own: bool) -> NDArray[np.str_]:
    numbers = values.fill_null(np.nan).to_numpy()
    known = numbers[learned & ~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _PARTS + 1)))
    if own:
        edges = np.unique([coarse(edge, float(edges[-1] - edges[0])) for edge in edges.tolist()])
    inner = edges[1:-1]
    texts = [f"{low:g} to {high:g}" for low, high in pairwise(edges)] or [f"{edges[0]:g}"]
    labels = np.array([*texts, MISSING])
    part = np.searchsorted(inner, numbers, side="right")
    return np.asarray(labels[np.where(np.isnan(numbers), len(texts), part)], dtype=np.str_)
