"""Could chance alone have done this? Tail areas and two-sample tests, without SciPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 10_000
_EPS = 1e-15
_TINY = 1e-300


class Comparison(msgspec.Struct, frozen=True):
    """What a test says.

    Parameters
    ----------
    statistic : float
        The statistic.
    freedom : int
        Degrees of freedom; 0 where there was nothing to compare.
    p : float
        Probability of a statistic at least as large when nothing moved, 0 to 1.

    """

    statistic: float
    freedom: int
    p: float


def g_test(reference: NDArray[np.int64], current: NDArray[np.int64]) -> Comparison:
    """Test whether two vectors of counts come from the same distribution; both are samples.

    The likelihood-ratio (G) test with Williams' correction. It is preferred to Pearson's statistic because a cell
    that is nearly empty on both sides can't blow it up: its tail follows the Poisson tail.

    Parameters
    ----------
    reference, current : array of int, shape (cells,)
        Counts per cell; cells empty on both sides are left out.

    Examples
    --------
    >>> g_test(np.array([500, 500]), np.array([50, 50])).p
    1.0
    >>> g_test(np.array([500, 500]), np.array([80, 20])).p < 1e-7
    True

    References
    ----------
    Williams (1976), Improved likelihood ratio tests for complete contingency tables, Biometrika 63.

    """
    table = np.stack([reference, current]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    rows, columns, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    freedom = table.shape[1] - 1
    if freedom < 1 or not rows.all():
        return Comparison(0.0, 0, 1.0)
    expected = np.outer(rows, columns) / total
    seen = table > 0
    g = max(0.0, 2.0 * float((table[seen] * np.log(table[seen] / expected[seen])).sum()))
    williams = 1 + ((total / rows).sum() - 1) * ((total / columns).sum() - 1) / (6 * total * freedom)
    statistic = g / float(williams)
    return Comparison(statistic, freedom, chi2_sf(statistic, freedom))


def chi2_sf(x: float, freedom: int) -> float:
    """Survival function of the chi-square distribution: the probability of more than `x`.

    The regularised upper incomplete gamma function ``Q(freedom / 2, x / 2)``: by its series below the mean, by
    Lentz's continued fraction above (Press et al., Numerical Recipes, 6.2), so that far tails keep their digits.

    Examples
    --------
    >>> round(chi2_sf(3.841, 1), 4), round(chi2_sf(29.588, 10), 5)
    (0.05, 0.001)

    """
    a, half = freedom / 2, x / 2
    if half <= 0 or freedom < 1:
        return 1.0
    if math.isinf(x):
        return 0.0
    front = math.exp(-half + a * math.log(half) - math.lgamma(a))
    value = 1.0 - front * _gamma_series(a, half) if half < a + 1 else front * _gamma_fraction(a, half)
    return min(1.0, max(0.0, value))


def normal_sf(z: float) -> float:
    """Survival function of the standard normal distribution.

    Examples
    --------
    >>> round(normal_sf(1.96), 3)
    0.025

    """
    return 0.5 * math.erfc(z / math.sqrt(2))


def student_sf(t: float, freedom: int) -> float:
    """Survival function of Student's t distribution.

    Half the regularised incomplete beta function ``I(x; freedom / 2, 1 / 2)`` at ``x = freedom / (freedom + t²)``, by
    Lentz's continued fraction (Press et al., Numerical Recipes, 6.4).

    Examples
    --------
    >>> round(student_sf(2.228, 10), 4), student_sf(0.0, 3)
    (0.025, 0.5)

    """
    if freedom < 1 or math.isnan(t):
        return float("nan")
    if t < 0:
        return 1.0 - student_sf(-t, freedom)
    if math.isinf(t):
        return 0.0
    return 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def binomial_two_sided(hits: int, n: int) -> float:
    """Give the chance of a split of `n` at least as uneven as `hits` to the rest, where either is as likely.

    Examples
    --------
    >>> binomial_two_sided(5, 5), binomial_two_sided(3, 6), binomial_two_sided(0, 0)
    (0.0625, 1.0, 1.0)

    """
    rare = min(hits, n - hits)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(rare + 1)) / (1 << n))


def binomial_below(hits: int, n: int, share: float) -> float:
    """Give the chance of at most `hits` among `n`, each hit with the chance `share`, 0 < share < 1.

    By the regularised incomplete beta function: ``I(1 - share; n - hits, hits + 1)``.

    Examples
    --------
    >>> round(binomial_below(0, 10, 0.5), 6), round(binomial_below(2, 3, 0.5), 6), binomial_below(3, 3, 0.5)
    (0.000977, 0.875, 1.0)

    """
    return 1.0 if hits >= n else _incomplete_beta(n - hits, hits + 1, 1.0 - share)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    if x in {0.0, 1.0}:
        return x
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for weight in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + weight * d)
            c = _away_from_zero(1.0 + weight / c)
            value *= d * c
        if abs(d * c - 1.0) < _EPS:
            break
    return value


def _gamma_series(a: float, x: float) -> float:
    term = total = 1.0 / a
    for step in range(1, _STEPS):
        term *= x / (a + step)
        total += term
        if term < total * _EPS:
            break
    return total


def _gamma_fraction(a: float, x: float) -> float:
    b = x + 1.0 - a
    c = 1.0 / _TINY
    d = 1.0 / b
    value = d
    for step in range(1, _STEPS):
        weight = -step * (step - a)
        b += 2.0
        d = 1.0 / _away_from_zero(weight * d + b)
        c = _away_from_zero(b + weight / c)
        value *= d * c
        if abs(d * c - 1.0) < _EPS:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
