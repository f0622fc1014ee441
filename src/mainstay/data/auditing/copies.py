"""Columns that say the same as an earlier one, plainly or in other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.auditing.sampling import mixed

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXACT_IN_FLOAT = 2**53


def copied_columns(frame: pl.DataFrame) -> Mapping[str, tuple[str, bool]]:
    """Find for each column the first one it is a copy of, and whether it says so in other words.

    Constants are no copies of each other. Two columns in which every value is different always fit one to one, so for
    those only the same values count.

    Parameters
    ----------
    frame : polars.DataFrame
        Texts, or whatever a file holds.

    Returns
    -------
    mapping of str to (str, bool)
        Only the columns that are copies.

    """
    weights = mixed(np.arange(frame.height)) | np.uint64(1)
    same: dict[tuple[int, int], str] = {}
    recoded: dict[tuple[int, int], str] = {}
    found: dict[str, tuple[str, bool]] = {}
    for cells in frame.get_columns():
        if cells.dtype.is_nested():
            continue
        plain = _plain(cells)
        codes = plain.rank("dense").fill_null(0).to_numpy().astype(np.int64)
        distinct = int(codes.max(initial=0))
        if distinct + bool(plain.null_count()) < 2:
            continue
        by_value = (distinct, _digest(plain.hash(3).to_numpy().astype(np.uint64), weights))
        if by_value in same:
            found[cells.name] = (same[by_value], False)
            continue
        same[by_value] = cells.name
        if distinct > frame.height / 2:
            continue
        by_place = (distinct, _digest(_first_places(codes), weights))
        if by_place in recoded:
            found[cells.name] = (recoded[by_place], True)
        else:
            recoded[by_place] = cells.name
    return found


def _plain(cells: pl.Series) -> pl.Series:
    """Write 1 and 1.0 in one way, where every cell is a number."""
    if cells.dtype == pl.Boolean or cells.dtype.is_temporal():
        return cells.cast(pl.String)
    numbers = cells.cast(pl.Float64, strict=False)
    large = numbers.abs().max()
    exact = large is None or (isinstance(large, float) and large < _EXACT_IN_FLOAT)
    return numbers if exact and numbers.null_count() == cells.null_count() else cells.cast(pl.String)


def _first_places(codes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Replace each value by the place it is first seen at: the same for columns that differ only in their words."""
    first = np.full(int(codes.max(initial=0)) + 1, len(codes), dtype=np.int64)
    np.minimum.at(first, codes, np.arange(len(codes)))
    return mixed(first[codes])


def _digest(
    hashes: np.ndarray[tuple[int], np.dtype[np.uint64]], weights: np.ndarray[tuple[int], np.dtype[np.uint64]]
) -> int:
    return int((hashes * weights).sum(dtype=np.uint64))
