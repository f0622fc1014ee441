"""How sure a share is: Wilson's interval, of rows or of clusters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals.clusters import standard_error
from mainstay.measures.intervals.estimate import LEVEL, Estimate, normal, student, unmeasured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals.clusters import Clusters

    Floats = NDArray[np.float64]


def proportion_estimate(
    hits: Floats, among: Floats, clusters: Clusters | None = None, level: float = LEVEL
) -> Estimate:
    """Estimate the share of `hits` among the rows where `among` is 1 (both 0/1), with Wilson's interval.

    With clusters the number of rows is replaced by the effective one: that of independent rows with the same error.
    """
    n = int(np.sum(among))
    if n == 0:
        return unmeasured(0)
    share = float(np.sum(hits * among) / n)
    error, effective = math.sqrt(share * (1 - share) / n), float(n)
    if clusters is not None:
        found, freedom = standard_error((hits - share) * among / np.mean(among), clusters)
        used = np.unique(clusters[among > 0]).size
        if not math.isfinite(found) or used < 2:
            return Estimate(share, None, float("nan"), n)
        error = max(error, found)  # luck in a few clusters never makes us surer than independent rows would
        effective = min(share * (1 - share) / error**2 if error > 0 else float(used), float(n))
        return Estimate(share, wilson(share, effective, level, student(level, min(freedom, used - 1))), error, n)
    return Estimate(share, wilson(share, effective, level), error, n)


def wilson(share: float, n: float, level: float = LEVEL, quantile: float | None = None) -> Interval:
    """Give Wilson's (1927) score interval of a share seen among `n`.

    Examples
    --------
    >>> found = wilson(0.0, 10)
    >>> round(found.low, 3), round(found.high, 3)
    (0.0, 0.278)

    """
    z = quantile or normal(level)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)), level)
