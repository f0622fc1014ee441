"""Two models on the same rows: which one is right more often, ranks better or earns more, and whether it is luck.

Each test gives the advantage of the first model with its interval, and the probability of one at least as large where
both are equally good. Rows that hang together count as their clusters do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals import (
    LEVEL,
    Estimate,
    bootstrap_draws,
    mean_estimate,
    moved_out,
    standard_error,
    student,
    unmeasured,
)
from mainstay.measures.scores import placements, roc_auc, roc_auc_influences
from mainstay.measures.tests import binomial_two_sided, chi2_sf, normal_sf, student_sf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]

_FEW = 25  # differing rows below which the chi-square tail is no good
_DRAWS, _MANY_ROWS, _FEWER_DRAWS = 1000, 50_000, 400
_LEAST_DRAWS = 20


@dataclass(frozen=True)
class Paired:
    """What a paired comparison says.

    Parameters
    ----------
    test : str
        Its name for a reader: ``"McNemar, exact"``, ``"DeLong"``, ``"paired bootstrap"``.
    advantage : Estimate
        By how much the first model is better; positive is better.
    p : float
        Probability of an advantage at least as large, either way, where both are equally good; NaN where nothing
        could be compared.
    wins, losses : int
        Rows on which the first, or the second, did better.

    """

    test: str
    advantage: Estimate
    p: float
    wins: int = 0
    losses: int = 0


def mcnemar(mine: Booleans, theirs: Booleans, clusters: Clusters | None = None, level: float = LEVEL) -> Paired:
    """Compare how often two models are right, by the rows on which one is and the other isn't.

    Exact (binomial) below 25 such rows, else by the chi-square distribution without a correction for continuity, as
    Fagerland and others (2013) find best. The interval is Bonett and Price's (2012). With clusters both come from the
    cluster-robust error (Durkalski and others 2003 study such tests).

    Parameters
    ----------
    mine, theirs : array of bool, shape (n,)
        Whether the first and the second model were right.
    clusters : array of int, shape (n,), optional
        Which rows hang together.
    level : float
        Nominal coverage of the interval.

    Returns
    -------
    Paired
        The advantage is the difference between the two shares, -1 to 1.

    Examples
    --------
    >>> mine, theirs = np.array([True] * 9 + [False]), np.array([True] * 4 + [False] * 6)
    >>> found = mcnemar(mine, theirs)
    >>> found.wins, found.losses, found.advantage.value, found.p
    (5, 0, 0.5, 0.0625)

    References
    ----------
    McNemar (1947), Psychometrika 12; Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13:91;
    Bonett and Price (2012), British Journal of Mathematical and Statistical Psychology 65.

    """
    wins, losses = int(np.sum(mine & ~theirs)), int(np.sum(theirs & ~mine))
    if not mine.size:
        return Paired("McNemar", unmeasured(0), float("nan"))
    if clusters is not None:
        ahead = mean_estimate(mine.astype(np.float64) - theirs, clusters, level)
        return Paired("McNemar, by clusters", ahead, _by_student(ahead, np.unique(clusters).size - 1), wins, losses)
    exact = wins + losses < _FEW
    p = binomial_two_sided(wins, wins + losses) if exact else chi2_sf((wins - losses) ** 2 / (wins + losses), 1)
    return Paired(f"McNemar{', exact' * exact}", _bonett_price(wins, losses, mine.size, level), p, wins, losses)


def delong(
    truth: Floats, mine: Floats, theirs: Floats, clusters: Clusters | None = None, level: float = LEVEL
) -> Paired:
    """Compare the areas under two ROC curves of the same rows.

    Parameters
    ----------
    truth : array, shape (n,)
        0 or 1.
    mine, theirs : array, shape (n,)
        Scores of the first and the second model.
    clusters : array of int, shape (n,), optional
        Which rows hang together; then the error is the cluster-robust one of the same influences.
    level : float
        Nominal coverage of the interval.

    Examples
    --------
    >>> truth = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    >>> found = delong(truth, np.array([0.1, 0.2, 0.6, 0.5, 0.9]), np.array([0.1, 0.8, 0.6, 0.5, 0.9]))
    >>> round(found.advantage.value, 3), round(found.advantage.error, 3)
    (0.167, 0.236)

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44.

    """
    ahead = roc_auc(truth, mine) - roc_auc(truth, theirs)
    if not math.isfinite(ahead):
        return Paired("DeLong", unmeasured(truth.size), float("nan"))
    freedom: int | None = None
    if clusters is None:
        error = _delong_error(truth, mine, theirs)
    else:
        influences = roc_auc_influences(truth, mine) - roc_auc_influences(truth, theirs)
        error, freedom = standard_error(influences, clusters)
    reach = student(level, freedom) if freedom is not None else NormalDist().inv_cdf((1 + level) / 2)
    interval = Interval(ahead - reach * error, ahead + reach * error, level) if math.isfinite(error) else None
    estimate = Estimate(ahead, interval, error, truth.size)
    return Paired("DeLong", estimate, _by_student(estimate, freedom))


def paired_bootstrap(difference: Floats, seed: int, clusters: Clusters | None = None, level: float = LEVEL) -> Paired:
    """Compare what two models earn, row by row, by drawing the rows again.

    The percentiles are moved out as far as Student's quantile lies beyond the normal one (Hesterberg 2015), since those
    of few rows are too near. Money differs on few rows and by very different amounts: where `wins` and `losses` are
    below some thirty, no interval is to be trusted much.

    Parameters
    ----------
    difference : array, shape (n,)
        What the first model gains on each row less what the second does.
    seed : int
        Same seed, same answer.
    clusters : array of int, shape (n,), optional
        Draw whole clusters.
    level : float
        Nominal coverage of the interval.

    Returns
    -------
    Paired
        The advantage is the mean per row, in the unit of `difference`.

    Examples
    --------
    >>> found = paired_bootstrap(np.array([0.0, 0.0, 75.0, -15.0, 60.0] * 40), seed=7)
    >>> found.advantage.value, found.p < 0.01, found.wins, found.losses
    (24.0, True, 80, 40)

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap; Hesterberg (2015), The American Statistician 69.

    """
    n = difference.size
    wins, losses = int(np.sum(difference > 0)), int(np.sum(difference < 0))
    units = n if clusters is None else np.unique(clusters).size
    if units < 2:
        return Paired("paired bootstrap", unmeasured(n), float("nan"), wins, losses)
    count = _DRAWS if n <= _MANY_ROWS else _FEWER_DRAWS
    draws = bootstrap_draws(
        lambda weights: weights @ difference / weights.sum(axis=1), n, seed, count=count, clusters=clusters
    )
    value = float(np.mean(difference))
    tail = moved_out(level, units)
    low, high = np.quantile(draws, [tail, 1 - tail])
    interval = Interval(min(float(low), value), max(float(high), value), level)
    beyond = 1 + min(int(np.sum(draws <= 0)), int(np.sum(draws >= 0)))
    p = min(1.0, 2 * beyond / (count + 1))
    return Paired("paired bootstrap", Estimate(value, interval, float(np.std(draws, ddof=1)), n), p, wins, losses)


def _bonett_price(wins: int, losses: int, n: int, level: float) -> Estimate:
    """Lay an interval around a difference of paired shares, as if each had won one row more."""
    more, less = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    value = (wins - losses) / n
    low, high = max(-1.0, more - less - half), min(1.0, more - less + half)
    error = math.sqrt(max(wins + losses - (wins - losses) ** 2 / n, 0.0)) / n
    return Estimate(value, Interval(min(low, value), max(high, value), level), error, n)


def _delong_error(truth: Floats, mine: Floats, theirs: Floats) -> float:
    """Give the standard error of the difference, from the structural components of positives and negatives."""
    first, second = placements(truth, mine), placements(truth, theirs)
    parts = [np.asarray(one - other) for one, other in zip(first, second, strict=True)]
    if min(part.size for part in parts) < 2:
        return float("nan")
    return math.sqrt(sum(float(np.var(part, ddof=1)) / part.size for part in parts))


def _by_student(ahead: Estimate, freedom: int | None) -> float:
    """Give the two-sided p-value of an advantage and its error; 1 where neither model is ahead anywhere."""
    if not math.isfinite(ahead.error):
        return float("nan")
    if ahead.error == 0:
        return 1.0 if ahead.value == 0 else 0.0
    t = abs(ahead.value) / ahead.error
    return min(1.0, 2 * (normal_sf(t) if freedom is None else student_sf(t, freedom)))
