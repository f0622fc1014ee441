"""Columns that look as if they were only known after the answer.

Three signs: within one class a column never says anything (or always the same) and in the other it does, far beyond
chance; it holds times later than the row's own; or its being there at all gives the answer away. Kaufman, Rosset,
Perlich and Stitelman (2012), Leakage in Data Mining, ACM TKDD 6(4), call these the traces that the future leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.times import order_of, read_times
from mainstay.data.words import count, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 20
"""Rows that must give a column away; a label that only a handful of rows has may be an accident."""
CHANCE = 1e-6
"""Chance of the evidence, had the column nothing to do with the answer, times the number of columns."""
MOST_LATER = 0.01
"""Share of known times that may lie after the row's own: clocks differ."""
_ONE_CLASS = 0.02  # a sign that fewer rows of the class show says little about the class


@dataclass(frozen=True)
class Trace:
    """A column that seems to come from afterwards.

    Parameters
    ----------
    column : str
        Which.
    share : float
        Share of the rows that give it away.
    limit : float
        What honest columns stay below.
    n : int
        Rows that were looked at.
    words : str
        The evidence as a sentence.

    """

    column: str
    share: float
    limit: float
    n: int
    words: str


def one_sided(X: Floats, names: Sequence[str], y: Floats, answers: tuple[str, str]) -> Iterator[Trace]:
    """Find columns that are constant, or empty, in one class and not in the other.

    Parameters
    ----------
    X : array, shape (n, k)
        Encoded columns, NaN where missing.
    names : sequence of str
        Their names.
    y : array, shape (n,)
        0 and 1.
    answers : tuple of str
        How 0 and 1 are written.

    """
    for j, name in enumerate(names):
        for one in (0, 1):
            inside, outside = X[y == one, j], X[y != one, j]
            if len(inside) < FEWEST or len(outside) < FEWEST:
                continue
            value = inside[0]
            same = np.isnan(inside).all() if np.isnan(value) else (inside == value).all()
            if not same:
                continue
            other = ~np.isnan(outside) if np.isnan(value) else outside != value
            told = int(other.sum())
            share_outside = len(outside) / len(y)
            if told < max(FEWEST, _ONE_CLASS * len(outside)) or share_outside**told * len(names) > CHANCE:
                continue
            said = "empty" if np.isnan(value) else f"always {value:g}"
            words = (
                f"in all {rows(len(inside))} of '{answers[one]}' it is {said}, and in {count(told)} of "
                f"{rows(len(outside))} of '{answers[1 - one]}' it isn't, as if it were only written afterwards"
            )
            yield Trace(name, told / len(outside), 0.0, len(y), words)


def later_than(frame: pl.DataFrame, time: str, names: Sequence[str]) -> Iterator[Trace]:
    """Find columns of times that lie after the row's own time.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows as read.
    time : str
        Column of the row's own time.
    names : sequence of str
        Columns to look at.

    """
    own = order_of(frame[time]) if time in frame.columns else None
    if own is None or read_times(frame[time]) is None:
        return
    for name in names:
        if name == time or name not in frame.columns:
            continue
        found = read_times(frame[name])
        if found is None:
            continue
        moments = order_of(frame[name])
        known = np.isfinite(own) & np.isfinite(moments) if moments is not None else np.zeros(0, dtype=np.bool_)
        if moments is None or known.sum() < FEWEST:
            continue
        later = moments[known] > own[known]
        if later.mean() <= MOST_LATER:
            continue
        words = f"in {count(int(later.sum()))} of {rows(int(known.sum()))} its time lies after {time}"
        yield Trace(name, float(later.mean()), MOST_LATER, int(known.sum()), words)
