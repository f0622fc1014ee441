"""From the influence of each row on an estimate to its interval, on the scale where it is nearly normal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals.clusters import standard_error, worth_in_freedom
from mainstay.measures.intervals.estimate import LEVEL, Estimate, student, unmeasured
from mainstay.measures.intervals.shares import wilson
from mainstay.measures.intervals.skewed import skewed_estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals.clusters import Clusters

    Floats = NDArray[np.float64]
    Scale = Literal["plain", "positive", "share", "root", "below_one"]


def mean_estimate(values: Floats, clusters: Clusters | None = None, level: float = LEVEL) -> Estimate:
    """Estimate a mean, with Student's interval.

    Examples
    --------
    >>> found = mean_estimate(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> found.value, round(found.interval.low, 2), round(found.interval.high, 2)
    (2.5, 0.45, 4.55)

    """
    if not values.size:
        return unmeasured(0)
    value = float(np.mean(values))
    return influence_estimate(value, values - value, clusters=clusters, level=level)


def influence_estimate(
    value: float,
    influences: Floats,
    *,
    scale: Scale = "plain",
    clusters: Clusters | None = None,
    few: int | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Turn an estimate and the influence of each row on it into an interval.

    Parameters
    ----------
    value : float
        The estimate.
    influences : array, shape (n,)
        Influence of each row, with mean zero.
    scale : {"plain", "positive", "share", "root", "below_one"}
        Where the estimate is nearly normal: as it is, as a logarithm (it can't be negative), or as a log odds (it lies
        between 0 and 1), so that no interval leaves the possible. The root of a mean of squares is best judged as
        that mean, and a share of explained variance by what it leaves unexplained, both with heavy tails.
    clusters : array of int, shape (n,), optional
        Which rows hang together.
    few : int, optional
        How many rows really carry the estimate, where those are fewer than all (the rarer class).

    """
    n = influences.size
    error, freedom = standard_error(influences, clusters)
    if not math.isfinite(value) or not math.isfinite(error):
        return Estimate(value, None, error, n)
    if scale in {"root", "below_one"}:
        interval = _rooted if scale == "root" else _below_one
        return Estimate(value, interval(value, influences, clusters, level), error, n)
    return Estimate(
        value, _around(value, student(level, freedom) * error, scale, min(few or n, freedom + 1), level), error, n
    )


def _rooted(value: float, influences: Floats, clusters: Clusters | None, level: float) -> Interval | None:
    """Lay an interval around the root of a mean: of that mean, and then of its root."""
    square = skewed_estimate(value * value, 2 * value * influences, clusters, level, heavy=True).interval
    if square is None:
        return None
    return Interval(math.sqrt(max(square.low, 0.0)), math.sqrt(max(square.high, 0.0)), level)


def _below_one(value: float, influences: Floats, clusters: Clusters | None, level: float) -> Interval:
    """Lay an interval around what is at most 1, by the logarithm of what it lacks."""
    error, _ = standard_error(influences, clusters)
    reach = student(level, worth_in_freedom(influences, clusters)) * error
    lacking = _around(1 - value, reach, "positive", influences.size, level)
    return Interval(1 - lacking.high, 1 - lacking.low, level)


def _around(value: float, half: float, scale: Scale, n: int, level: float) -> Interval:
    """Lay an interval of half width `half` around `value`, evenly on its own scale."""
    if scale == "positive" and value > 0:
        factor = math.exp(min(half / value, 50.0))
        return Interval(value / factor, value * factor, level)
    if scale == "share" and 0 < value < 1:
        odds, spread = math.log(value / (1 - value)), half / (value * (1 - value))
        return Interval(_share(odds - spread), _share(odds + spread), level)
    if scale == "share":  # at 0 or 1 no spread was seen; Wilson's interval knows that this proves little
        return wilson(min(max(value, 0.0), 1.0), n, level)
    return Interval(value - half, value + half, level)


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-min(max(odds, -700.0), 700.0)))
