"""Outliers: numbers far from the rest, by rules that the outliers themselves can't bend.

Where a column is about symmetric (medcouple within 0.1) the modified z-score of Iglewicz and Hoaglin (1993, How to
detect and handle outliers) marks values with ``0.6745 |x - median| / MAD > 3.5``; where more than half of the values
are equal, the MAD is 0 and the mean absolute deviation, times 1.2533, stands in for it. Where it is skewed, the boxplot
is adjusted by the medcouple (Hubert and Vandervieren 2008, Computational Statistics & Data Analysis 52): fences at
``q1 - 1.5 e^(-4 MC) IQR`` and ``q3 + 1.5 e^(3 MC) IQR`` for MC >= 0, mirrored below.

A value far beyond its own neighbour is named apart: the one player with 49 854 rounds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Rule = Literal["modified z-score", "adjusted boxplot"]
SKEWED = 0.1
FEWEST_VALUES = 11
"""A column of fewer different numbers holds codes or steps, where a rare one isn't far out."""
_MOST_Z = 3.5
_WHISKER = 1.5
_POINTS = 400
_LONELY = 2.0


class Fences(msgspec.Struct, frozen=True):
    """Between which values a column's usual numbers lie.

    Parameters
    ----------
    rule : {"modified z-score", "adjusted boxplot"}
        Which rule drew them.
    low, high : float
        The fences.
    medcouple : float
        Skewness, -1 to 1.

    """

    rule: Rule
    low: float
    high: float
    medcouple: float


def fences(values: Floats) -> Fences | None:
    """Draw the fences of some numbers; None where there are too few different ones to say what is usual.

    Parameters
    ----------
    values : array, shape (n,)
        Finite numbers.

    Examples
    --------
    >>> found = fences(np.append(np.arange(100.0), 10_000.0))
    >>> found.rule, found.high < 10_000
    ('modified z-score', True)

    """
    ordered = np.sort(values)
    if len(ordered) < FEWEST_VALUES or _few(ordered):
        return None
    q1, median, q3 = (float(q) for q in np.quantile(ordered, [0.25, 0.5, 0.75]))
    skew = medcouple(ordered)
    if abs(skew) <= SKEWED:
        spread = float(np.median(np.abs(ordered - median))) / 0.6745
        if spread == 0:
            spread = 1.253314 * float(np.abs(ordered - median).mean())
        return Fences("modified z-score", median - _MOST_Z * spread, median + _MOST_Z * spread, skew)
    wide = q3 - q1
    if wide == 0:
        return None
    below, above = (-4.0, 3.0) if skew >= 0 else (-3.0, 4.0)
    low = q1 - _WHISKER * math.exp(below * skew) * wide
    return Fences("adjusted boxplot", low, q3 + _WHISKER * math.exp(above * skew) * wide, skew)


def medcouple(ordered: Floats) -> float:
    """Measure the skewness of sorted numbers robustly: 0 where symmetric, towards 1 with a long right tail.

    The median over pairs left and right of the median of how much further the right one is away (Brys, Hubert and
    Struyf 2004). Of more than 400 numbers 400 evenly spaced ones are taken, which changes it by less than matters.

    Examples
    --------
    >>> medcouple(np.arange(101.0)), medcouple(np.arange(101.0) ** 3) > 0.3
    (0.0, True)

    """
    if len(ordered) > _POINTS:
        ordered = ordered[np.linspace(0, len(ordered) - 1, _POINTS + 1).round().astype(np.int64)]
    median = float(np.median(ordered))
    left, right = median - ordered[ordered <= median], ordered[ordered >= median] - median
    total = right[:, None] + left[None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        kernel = (right[:, None] - left[None, :]) / total
    ties = int((ordered == median).sum())
    if ties:  # both are the median: by their ranks, as the definition has it
        rank = np.arange(ties)
        kernel[np.ix_(right == 0, left == 0)] = np.sign(rank[:, None] + rank[None, :] - (ties - 1))
    return float(np.median(kernel))


def lonely(furthest: Floats, median: float) -> Floats:
    """Give the values that lie alone: with a gap to the next one twice as wide as the rest is spread on that side.

    Parameters
    ----------
    furthest : array
        The values furthest out on one side, the furthest first, at least two of them different.
    median : float
        Of the column.

    Examples
    --------
    >>> lonely(np.array([49854.0, 2961.0, 2640.0]), 16.0)
    array([49854.])

    """
    for place in range(len(furthest) - 1):
        gap, spread = abs(furthest[place] - furthest[place + 1]), abs(furthest[place + 1] - median)
        if gap > _LONELY * spread and spread > 0:
            return furthest[: place + 1]
    return furthest[:0]


def _few(ordered: Floats) -> bool:
    return int((np.diff(ordered) > 0).sum()) + 1 < FEWEST_VALUES
