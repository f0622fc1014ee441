"""An estimate, its interval, and the quantiles that an interval is wide by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.measures.finding import Interval

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
    z: float = normal(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))


def normal(level: float) -> float:
    """Give the two-sided quantile of the normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
