"""The bootstrap: what a statistic would have been, had other rows of the same kind been drawn."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals.estimate import LEVEL, Estimate, student

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.measures.intervals.clusters import Clusters

    Floats = NDArray[np.float64]


def bootstrap(
    statistic: Callable[[Floats], Floats],
    n: int,
    seed: int,
    *,
    count: int = 500,
    clusters: Clusters | None = None,
    few: int | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Estimate any statistic by drawing rows again with replacement (Efron and Tibshirani 1993), percentile interval.

    Parameters
    ----------
    statistic : callable
        From weights, shape (b, n), how often each row was drawn, to the statistic under each, shape (b,).
    n : int
        How many rows there are.
    seed : int
        Same seed, same interval.
    count : int
        How many draws.
    clusters : array of int, shape (n,), optional
        Draw whole clusters.
    few : int, optional
        How many rows really carry the statistic, where those are fewer than all (the rarer class): percentiles are
        moved out as far as Student's quantile for so many lies beyond the normal one (Hesterberg 2015).

    """
    value = float(statistic(np.ones((1, n)))[0])
    draws = bootstrap_draws(statistic, n, seed, count=count, clusters=clusters)
    draws = draws[np.isfinite(draws)]
    if not math.isfinite(value) or draws.size < 20:
        return Estimate(value, None, float("nan"), n)
    units = n if clusters is None else np.unique(clusters).size
    tail = moved_out(level, min(few or units, units))
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(value, Interval(float(low), float(high), level), float(np.std(draws, ddof=1)), n)


def moved_out(level: float, units: int) -> float:
    """Give the lower percentile of a bootstrap of few units: those of draws are too near (Hesterberg 2015).

    Examples
    --------
    >>> round(moved_out(0.95, 10), 3), round(moved_out(0.95, 100_000), 3)
    (0.009, 0.025)

    """
    if units < 2:
        return 0.0
    return NormalDist().cdf(-math.sqrt(units / (units - 1)) * student(level, units - 1))


def bootstrap_estimate(
    value: float,
    statistic: Callable[[NDArray[np.int64]], float],
    n: int,
    seed: int,
    *,
    count: int = 200,
    clusters: Clusters | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Do `bootstrap` for a statistic that knows no weights, only which rows were drawn.

    The percentiles are moved out as Student's quantile lies beyond the normal one (Hesterberg 2015).

    Parameters
    ----------
    value : float
        The statistic of the rows themselves.
    statistic : callable
        From places of the drawn rows, shape (m,), to a number.
    n : int
        How many rows there are.
    seed : int
        Same seed, same interval.
    count : int
        How many draws.
    clusters : array of int, shape (n,), optional
        Draw whole clusters.

    """
    rng = np.random.default_rng(seed)
    where = np.arange(n) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    order = np.argsort(where, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(where[order])) + 1)
    units = len(members)
    draws = np.empty(count)
    for draw in range(count):
        chosen = rng.integers(0, units, units)
        draws[draw] = statistic(chosen if clusters is None else np.concatenate([members[k] for k in chosen]))
    draws = draws[np.isfinite(draws)]
    if not math.isfinite(value) or draws.size < 20 or units < 2:
        return Estimate(value, None, float("nan"), n)
    tail = moved_out(level, units)
    low, high = np.quantile(draws, [tail, 1 - tail])
    interval = Interval(min(float(low), value), max(float(high), value), level)
    return Estimate(value, interval, float(np.std(draws, ddof=1)), n)


def bootstrap_draws(
    statistic: Callable[[Floats], Floats], n: int, seed: int, *, count: int = 500, clusters: Clusters | None = None
) -> Floats:
    """Draw the rows `count` times and give the statistic of each draw, shape (count,).

    Rows are handed over in blocks of at most two million weights, so memory stays at some tens of MB for any `n`.
    """
    rng = np.random.default_rng(seed)
    where = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    units = n if where is None else int(where.max()) + 1
    block = max(1, 2_000_000 // n)
    found = []
    for start in range(0, count, block):
        size = min(block, count - start)
        drawn = rng.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units).astype(np.float64)
        found.append(statistic(weights if where is None else weights[:, where]))
    return np.concatenate(found)
