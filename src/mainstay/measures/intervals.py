"""Intervals: how far an estimate may be from the truth, given how many rows it stands on.

Nominal coverage is 95 % unless said; ``tests/unit/measures/test_measures_coverage.py`` measures what each one really
covers. Rows that hang together (records of one household, hours of one day) are not so many independent rows: every
function takes `clusters`, a label per row, and counts clusters instead of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.scores import calibration_gaps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Clusters = NDArray[np.int64]
    Scale = Literal["plain", "positive", "share", "root", "below_one"]

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number and how sure it is.

    Parameters
    ----------
    value : float
        The estimate; NaN where it could not be measured.
    interval : Interval or None
        Its interval; None where it could not be measured.
    error : float
        Its standard error.
    n : int
        How many rows it stands on.

    """

    value: float
    interval: Interval | None
    error: float
    n: int


def unmeasured(n: int) -> Estimate:
    """Give the estimate of what could not be measured."""
    return Estimate(float("nan"), None, float("nan"), n)


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


def worth_in_freedom(influences: Floats, clusters: Clusters | None = None) -> int:
    """Say how many degrees of freedom a standard error is worth where its rows have heavy tails, 3 at least.

    ``2 n / (kurtosis - 1)``, which is `n` for normal rows (Satterthwaite 1946, with the variance of a variance).
    """
    parts, freedom = influences - np.mean(influences), influences.size - 1
    if clusters is not None:
        parts = np.bincount(np.unique(clusters, return_inverse=True)[1], parts)
        freedom = parts.size - 1
    spread = float(np.mean(parts**2))
    if spread == 0 or freedom < 3:
        return freedom
    beyond = float(np.mean(parts**4)) / spread**2 - 1
    return max(3, min(freedom, int(2 * parts.size / beyond))) if beyond > 0 else freedom


def _skewness(influences: Floats, clusters: Clusters | None) -> tuple[float, int]:
    """Give the skewness of the rows, or of the sums of clusters, and how many there are."""
    parts = influences - np.mean(influences)
    if clusters is not None:
        parts = np.bincount(np.unique(clusters, return_inverse=True)[1], parts)
    spread = float(np.mean(parts**2))
    return (float(np.mean(parts**3)) / spread**1.5 if spread > 0 else 0.0), parts.size


def _unskewed(t: float, skewness: float, n: int) -> float:
    """Turn Hall's cubic round: the quantile of the plain statistic that belongs to `t`."""
    if abs(skewness) < 1e-6:
        return t
    root = math.sqrt(n)
    inner = 1 + skewness * (t / root - skewness / (6 * n))
    return root * 3 / skewness * (float(np.cbrt(inner)) - 1)


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


def standard_error(influences: Floats, clusters: Clusters | None = None) -> tuple[float, int]:
    """Give the standard error of the mean of `influences`, and its degrees of freedom (clusters or rows, less one).

    With clusters this is the cluster-robust error (Liang and Zeger 1986) with the usual ``k / (k - 1)``.
    """
    n = influences.size
    if n < 2:
        return float("nan"), 0
    if clusters is None:
        return float(np.std(influences, ddof=1) / math.sqrt(n)), n - 1
    _, where = np.unique(clusters, return_inverse=True)
    sums = np.bincount(where, influences - np.mean(influences))
    if sums.size < 2:
        return float("nan"), 0
    return float(math.sqrt(sums.size / (sums.size - 1) * float(sums @ sums)) / n), sums.size - 1


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
    z = quantile or _normal(level)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)), level)


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


def which_hang_together(n: int, groups: NDArray[np.str_] | None, times: Floats | None) -> Clusters | None:
    """Give the clusters of rows split by group or by time; None where rows are independent.

    Rows in order of time are cut into about ``sqrt(n)`` runs of ``sqrt(n)`` rows (batch means), so that what lasts for
    a while, a wet week, counts once.
    """
    if groups is not None:
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    if times is None or n < 4:
        return None
    ranks = np.empty(n, dtype=np.int64)
    ranks[np.argsort(times, kind="stable")] = np.arange(n)
    return np.asarray(ranks // math.isqrt(n), dtype=np.int64)


def calibration_estimate(
    truth: Floats,
    scores: Floats,
    seed: int,
    *,
    bins: int = 10,
    level: float = LEVEL,
    weights: Floats | None = None,
) -> Estimate:
    """Estimate the expected calibration error without the part that chance adds to it.

    The seen gaps of the bins are shrunk and stretched by a factor; for each factor the gaps are drawn again with their
    standard errors. The estimate is the error whose median draw is the error seen; the interval holds the errors under
    which what was seen would not be extreme (a test turned around), so it reaches 0 exactly where chance alone
    explains everything.
    """
    n = truth.size
    if n < 2 * bins:
        return unmeasured(n)
    share, gap, noise = calibration_gaps(truth, scores, bins, weights)
    seen = float(share @ np.abs(gap))
    factors = np.concatenate([np.linspace(0, 1.5, 31), np.linspace(1.6, 4, 25)])
    luck = np.random.default_rng(seed).standard_normal((1000, gap.size)) * noise
    draws = np.abs(factors[:, None, None] * gap + luck) @ share  # (factors, 1000), growing with the factor
    tails = [(1 + level) / 2, 0.5, (1 - level) / 2]
    low, middle, high = (_where_reaches(np.quantile(draws, tail, axis=1), factors * seen, seen) for tail in tails)
    return Estimate(middle, Interval(low, max(high, middle), level), float(np.std(luck @ share, ddof=1)), n)


def student(level: float, freedom: int) -> float:
    """Give the two-sided quantile of Student's t: exact for 1 and 2 degrees, else to 0.2 % (Fisher, Cornish 1960).

    Examples
    --------
    >>> round(student(0.95, 10), 3)
    2.228

    """
    if freedom < 1:
        return float("nan")
    if freedom == 1:
        return math.tan(math.pi * level / 2)
    if freedom == 2:
        return level * math.sqrt(2 / (1 - level * level))
    z: float = _normal(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))


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


def _normal(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _where_reaches(curve: Floats, answers: Floats, level: float) -> float:
    """Where a growing curve reaches `level`; 0 where it starts above, the last answer where it never does."""
    return float(np.interp(level, np.maximum.accumulate(curve), answers, left=0.0, right=answers[-1]))
