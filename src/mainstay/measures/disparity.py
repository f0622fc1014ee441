"""How far groups are apart: the widest gap between any two of them, and the lowest ratio, with intervals.

The widest of many gaps is wide by luck as well, so the interval of each pair is drawn at a level that holds for all
pairs at once (Bonferroni): it covers the true widest gap at least as often as it says, of two groups as often. Each
pair has an interval made of the two groups' own ones (Newcombe 1998 for shares; Zou and Donner 2008 for anything), so
that it keeps its promise for small groups and for rows that hang together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from mainstay.measures.finding import Interval
from mainstay.measures.intervals import LEVEL, Estimate, unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Measured = Callable[[float], Estimate]
    """From a level to the estimate with its interval at that level."""

_LEAST = 1e-9  # a share of zero has no logarithm


@dataclass(frozen=True)
class _Around:
    value: float
    low: float
    high: float


def widest_gap(groups: Sequence[Measured], level: float = LEVEL) -> Estimate:
    """Estimate the difference between the highest and the lowest group.

    Parameters
    ----------
    groups : sequence of callable
        Each gives, for a level, a group's estimate with an interval at that level. Those that can't be measured are
        left out.
    level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        At least 0; its `error` is NaN, its `n` that of the smaller group of the widest pair. Without value where fewer
        than two groups can be measured.

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> from mainstay.measures.intervals import proportion_estimate
    >>> def share(hits, n):
    ...     return lambda level: proportion_estimate(np.arange(n) < hits, np.ones(n), level=level)
    >>> found = widest_gap([share(56, 70), share(48, 80)])
    >>> round(found.value, 4), round(found.interval.low, 4), round(found.interval.high, 4)
    (0.2, 0.0524, 0.3339)

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17 (method 10; the example is his); Zou and Donner (2008), Statistics in
    Medicine 27.

    """
    known, sizes = _measured(groups, level)
    if len(known) < 2:
        return unmeasured(min(sizes, default=0))
    spans = [_apart(known[first], known[second]) for first, second in combinations(range(len(known)), 2)]
    return Estimate(
        max(one.value for one in spans),
        Interval(max(one.low for one in spans), max(one.high for one in spans), level),
        math.nan,
        min(sizes),
    )


def lowest_ratio(groups: Sequence[Measured], level: float = LEVEL) -> Estimate:
    """Estimate the ratio of the lowest group's share to the highest one's, 0 to 1: the number of the four-fifths rule.

    The same as `widest_gap`, of logarithms. The rule of thumb (Uniform Guidelines on Employee Selection Procedures,
    29 CFR 1607.4 D, 1978) asks whether it is below 0.8.
    """
    gap = widest_gap([_logarithm(one) for one in groups], level)
    if gap.interval is None:
        return unmeasured(gap.n)
    return Estimate(
        math.exp(-gap.value),
        Interval(math.exp(-gap.interval.high), math.exp(-gap.interval.low), level),
        math.nan,
        gap.n,
    )


def larger_gap(first: Sequence[Measured], second: Sequence[Measured], level: float = LEVEL) -> Estimate:
    """Estimate the larger of two widest gaps, as equalised odds takes those of two rates.

    Both intervals are drawn at a level that holds for the two together.
    """
    half = 1 - (1 - level) / 2
    gaps = [widest_gap(groups, half) for groups in (first, second)]
    intervals = [one.interval for one in gaps if one.interval is not None]
    if len(intervals) < 2:
        return unmeasured(min(one.n for one in gaps))
    low, high = max(one.low for one in intervals), max(one.high for one in intervals)
    return Estimate(max(one.value for one in gaps), Interval(low, high, level), math.nan, min(one.n for one in gaps))


def _measured(groups: Sequence[Measured], level: float) -> tuple[list[_Around], list[int]]:
    """Measure all groups at the level that holds for all pairs of those that can be measured."""
    there = [one for one in groups if one(level).interval is not None]
    pairs = max(1, len(there) * (len(there) - 1) // 2)
    estimates = [one(1 - (1 - level) / pairs) for one in there]
    return list(_spans(estimates)), [one.n for one in estimates]


def _spans(estimates: Sequence[Estimate]) -> Iterator[_Around]:
    for one in estimates:
        if one.interval is not None:
            yield _Around(one.value, one.interval.low, one.interval.high)


def _apart(one: _Around, other: _Around) -> _Around:
    """Give the distance of two values with its interval, made of theirs; without a sign."""
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    if low > 0 or high < 0:
        return _Around(abs(value), min(abs(low), abs(high)), max(abs(low), abs(high)))
    return _Around(abs(value), 0.0, max(-low, high))


def _logarithm(group: Measured) -> Measured:
    def measured(level: float) -> Estimate:
        found = group(level)
        if found.interval is None:
            return found
        low, value, high = (
            math.log(max(end, _LEAST)) for end in (found.interval.low, found.value, found.interval.high)
        )
        return Estimate(value, Interval(low, high, level), math.nan, found.n)

    return measured
