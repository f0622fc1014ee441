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
