"""The rows that are looked at together: all of a table that is small, else some chosen by their number alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

MOST_ROWS = 200_000
MOST_CELLS = 40_000_000
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Sampled:
    """Rows drawn from a table.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows, in the order of the source.
    index : array of int, shape (n,)
        Their numbers in the source, from 0.
    of : int
        Rows they were drawn from.

    """

    frame: pl.DataFrame
    index: np.ndarray[tuple[int], np.dtype[np.int64]]
    of: int

    @property
    def whole(self) -> bool:
        """Whether these are all the rows there are."""
        return self.frame.height == self.of


class RowSampler:
    """Keeps the rows whose numbers have the smallest hashes: the same rows however the table is cut into batches."""

    def __init__(self, width: int, most: int = MOST_ROWS) -> None:
        self._most = max(50, min(most, MOST_CELLS // max(width, 1)))
        self._parts: list[pl.DataFrame] = []
        self._index: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        self._worst = np.uint64(2**64 - 1)
        self._rows = 0

    def add(self, batch: pl.DataFrame) -> None:
        """Take a batch's share of the sample; batches come in the order of the source."""
        index = np.arange(self._rows, self._rows + batch.height)
        self._rows += batch.height
        keep = mixed(index) <= self._worst
        self._parts.append(batch if keep.all() else batch.filter(pl.Series(keep)))
        self._index.append(index[keep])
        if sum(map(len, self._index)) > 2 * self._most:
            self._cut()

    def take(self) -> Sampled:
        """Give the sample of all rows so far."""
        if sum(map(len, self._index)) > self._most:
            self._cut()
        if not self._parts:
            return Sampled(pl.DataFrame(), np.zeros(0, dtype=np.int64), 0)
        return Sampled(pl.concat(self._parts, how="vertical_relaxed"), np.concatenate(self._index), self._rows)

    def _cut(self) -> None:
        index = np.concatenate(self._index)
        hashes = mixed(index)
        self._worst = np.partition(hashes, self._most - 1)[self._most - 1]
        keep = hashes <= self._worst
        self._parts = [pl.concat(self._parts, how="vertical_relaxed").filter(pl.Series(keep))]
        self._index = [index[keep]]


def mixed(index: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Mix numbers into well-spread 64-bit ones: splitmix64 (Steele, Lea and Flood 2014)."""
    x = (index.astype(np.uint64) + np.uint64(1)) * _ODD
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
