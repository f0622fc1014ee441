"""Sums that are the same in whatever order and portions they are added up: whole numbers of a tiny unit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

WHOLE = 1_000_000
"""An answer, in the unit of weights: one that was logged with a chance of 0.1 stands for ten."""

_BITS = 100  # the unit is 2**-100; smaller digits are cut off value by value, so that the sum stays exact
_MANTISSA = 53
_HALF = 26
_MOST = 1e100  # a square or cube beyond this says nothing; held here, it harms no other sum


class Moments(msgspec.Struct, frozen=True, array_like=True):
    """How many values there were, and the sums of their first three powers, each value as often as it stands for.

    Parameters
    ----------
    n : int
        How many.
    weight : int
        How many they stand for, in millionths.
    units, squares, cubes : int
        The sums, in units of 2**-100.

    Examples
    --------
    >>> a, b = moments_of(np.array([0.1, 0.2])), moments_of(np.array([0.3]))
    >>> add_moments(a, b) == moments_of(np.array([0.3, 0.1, 0.2]))
    True
    >>> add_moments(a, b).mean
    0.2

    """

    n: int = 0
    weight: int = 0
    units: int = 0
    squares: int = 0
    cubes: int = 0

    @property
    def total(self) -> float:
        """The sum of the values."""
        return self.units / (1 << _BITS)

    @property
    def mean(self) -> float:
        """Their mean; NaN of none."""
        return self.units * WHOLE / (self.weight << _BITS) if self.n else float("nan")

    @property
    def variance(self) -> float:
        """Their variance, with n - 1; NaN of fewer than two."""
        if self.n < 2:
            return float("nan")
        # In whole numbers, so that what is left of two large sums is exact.
        units, squares, n = self.units * WHOLE, (self.squares * WHOLE) << _BITS, self.n
        return max(squares * self.weight - units * units, 0) * n / (((n - 1) * self.weight**2) << (2 * _BITS))

    @property
    def error(self) -> float:
        """The standard error of their mean; NaN of fewer than two."""
        return math.sqrt(self.variance / self.n) if self.n else float("nan")


def add_moments(a: Moments, b: Moments) -> Moments:
    """Add the moments of two sets of values."""
    sums = a.units + b.units, a.squares + b.squares, a.cubes + b.cubes
    return Moments(a.n + b.n, a.weight + b.weight, *sums)


def moments_of(values: Floats, weights: Whole | None = None) -> Moments:
    """Sum up values and their powers; what is not finite is left out.

    Parameters
    ----------
    values : array of float, shape (n,)
        The values.
    weights : array of int, shape (n,), optional
        How often each counts, in millionths; once unless given.

    """
    there = np.isfinite(values)
    known = values[there]
    whole = np.full(known.size, WHOLE, dtype=np.int64) if weights is None else weights[there]
    powers = [np.clip(whole / WHOLE * known**power, -_MOST, _MOST) for power in (1, 2, 3)]
    return Moments(int(known.size), int(whole.sum()), *map(exact_sum, powers))


def exact_sum(values: Floats) -> int:
    """Add up finite numbers exactly, in units of 2**-100.

    Each is a whole number of 53 bits times a power of two; those of one power are added as whole numbers, in two halves
    that no sum of 2**36 values overflows.
    """
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, _MANTISSA).astype(np.int64)
    shifts = exponents.astype(np.int64) - _MANTISSA + _BITS
    total = 0
    for shift in np.unique(shifts).tolist():
        part = whole[shifts == shift]
        if shift < 0:
            part, shift = part >> min(-shift, 63), 0  # noqa: PLW2901 - the digits below the unit are gone
        high, low = int((part >> _HALF).sum()), int((part & ((1 << _HALF) - 1)).sum())
        total += ((high << _HALF) + low) << shift
    return total
