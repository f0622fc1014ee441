"""`Rows`: one side of the split, ready to be learned from or judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """Rows of one side of the split, in source order (in order of time under a split by time).

    Parameters
    ----------
    X : array, shape (n, width)
        What a model sees, encoded: numbers as they are, booleans 0/1, categories as codes, missing as NaN.
    y : array, shape (n,)
        1 for the positive label and 0 for the other, or the amount.
    segments : mapping of str to array of str, shape (n,)
        For each declared segment column, the label of each row.
    times : array, shape (n,), optional
        Seconds since 1970 (or the time column's own number; the rank where several columns say the time), under a
        split by time.
    groups : array of str, shape (n,), optional
        Group of each row, under a split by group.
    index : array of int, shape (n,)
        Row number in the source, from 0.
    frame : polars.DataFrame
        The rows themselves, typed by the contract, with the target and whatever else the source holds.
    weights : array, shape (n,), optional
        How much each row counts when a model is fitted, where a column has the role "weight".
    stands : array, shape (n,), optional
        How many records of the world each row stands for, where that isn't one: rows of an event log.

    """

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    segments: Mapping[str, NDArray[np.str_]]
    times: NDArray[np.float64] | None
    groups: NDArray[np.str_] | None
    index: NDArray[np.int64]
    frame: pl.DataFrame
    weights: NDArray[np.float64] | None = None
    stands: NDArray[np.float64] | None = None

    @property
    def fit_weights(self) -> NDArray[np.float64] | None:
        """How much each row counts in a fit, for what it is and for what it stands for; None where all count alike."""
        if self.stands is None:
            return self.weights
        counted = self.stands if self.weights is None else self.stands * self.weights
        return np.asarray(counted / self.stands.mean())  # so that what a recipe says of one row stays about one row

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.y)

    def take(self, places: NDArray[np.int64]) -> Rows:
        """Give the rows at `places`, in that order."""
        return Rows(
            X=self.X[places],
            y=self.y[places],
            segments={name: labels[places] for name, labels in self.segments.items()},
            times=None if self.times is None else self.times[places],
            groups=None if self.groups is None else self.groups[places],
            index=self.index[places],
            frame=self.frame[pl.Series(places)],
            weights=None if self.weights is None else self.weights[places],
            stands=None if self.stands is None else self.stands[places],
        )
