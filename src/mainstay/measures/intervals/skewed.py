"""Means of which few rows are large, such as money: intervals that lean to the side of the large ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals.clusters import cluster_sums, standard_error, worth_in_freedom
from mainstay.measures.intervals.estimate import LEVEL, Estimate, student, unmeasured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals.clusters import Clusters

    Floats = NDArray[np.float64]


def skewed_mean_estimate(values: Floats, clusters: Clusters | None = None, level: float = LEVEL) -> Estimate:
    """Estimate a mean of values of which few are large, such as money, with an interval that leans to their side.

    Student's interval misses the mean of such values too often, on the side of the large ones. This one is Hall's
    (1992, "On the removal of skewness by transformation"): the skewness seen is taken out of the statistic, by a cubic
    that can be turned round. The standard error is the usual one.

    Examples
    --------
    >>> found = skewed_mean_estimate(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 1.0, 0.0]))
    >>> found.value, round(found.interval.low, 2), round(found.interval.high, 2)
    (1.0, -0.31, 7.48)

    """
    if not values.size:
        return unmeasured(0)
    value = float(np.mean(values))
    return skewed_estimate(value, values - value, clusters, level)


def skewed_estimate(
    value: float,
    influences: Floats,
    clusters: Clusters | None = None,
    level: float = LEVEL,
    *,
    heavy: bool = False,
) -> Estimate:
    """Turn an estimate and influences of which few are large into an interval, as `skewed_mean_estimate` does.

    Of `heavy` ones, squares of errors for one, the error itself is unsure: see `worth_in_freedom`.
    """
    n = influences.size
    error, freedom = standard_error(influences, clusters)
    if not math.isfinite(value) or not math.isfinite(error):
        return Estimate(value, None, error, n)
    freedom = worth_in_freedom(influences, clusters) if heavy else freedom
    skewness, units = _skewness(influences, clusters)
    reach = student(level, freedom)
    low, high = (value - error * _unskewed(t, skewness, units) for t in (reach, -reach))
    return Estimate(value, Interval(low, high, level), error, n)


def _skewness(influences: Floats, clusters: Clusters | None) -> tuple[float, int]:
    """Give the skewness of the rows, or of the sums of clusters, and how many there are."""
    parts = cluster_sums(influences, clusters)
    spread = float(np.mean(parts**2))
    return (float(np.mean(parts**3)) / spread**1.5 if spread > 0 else 0.0), parts.size


def _unskewed(t: float, skewness: float, n: int) -> float:
    """Turn Hall's cubic round: the quantile of the plain statistic that belongs to `t`."""
    if abs(skewness) < 1e-6:
        return t
    root = math.sqrt(n)
    inner = 1 + skewness * (t / root - skewness / (6 * n))
    return root * 3 / skewness * (float(np.cbrt(inner)) - 1)
