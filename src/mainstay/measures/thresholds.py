"""Where acting begins to pay, and how much to plan: from scores and costs to a rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals import influence_estimate, mean_estimate, proportion_estimate, unmeasured
from mainstay.measures.money import Stakes, break_even, gains
from mainstay.measures.scores import ratio, ratio_influences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.measures.amounts import Amounts, Quantity
    from mainstay.measures.intervals import Estimate

    Floats = NDArray[np.float64]

_TAIL = (0.0005, 0.001, 0.002, 0.003, 0.004)
LEVELS: tuple[float, ...] = (
    0.0,
    *_TAIL,
    *(k / 200 for k in range(1, 200)),
    *(1 - level for level in reversed(_TAIL)),
    1.0,
)
"""Levels at which the quantiles of residuals are kept: half per cents, and finer towards both ends."""


class Threshold(msgspec.Struct, frozen=True):
    """A threshold and where it comes from.

    Parameters
    ----------
    value : float
        Act on scores at or above it; infinity: never.
    basis : str
        Where it comes from, as a sentence.

    """

    value: float
    basis: str


class BreakEven(msgspec.Struct, frozen=True, kw_only=True):
    """What acting above one threshold would need to pay, where the money is unknown.

    Parameters
    ----------
    threshold : float
        Act on scores at or above it.
    acted : float
        Share of the records that are acted on.
    precision : float or None
        Share of those that are really positive; None where nothing is acted on.
    interval : Interval or None
        Its interval.
    pays_above : float or None
        Acting so pays once an action that works is worth more than this many times what an action costs.
    best_at : float
        At this many times the cost, this threshold is the best there is (on calibrated scores).

    """

    threshold: float
    acted: float
    precision: float | None
    interval: Interval | None
    pays_above: float | None
    best_at: float


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """How much to plan beyond the forecast, where the costs of too little and too much are unknown.

    Parameters
    ----------
    ratio : float
        How many times a unit too little costs what a unit too much costs.
    shift : float
        What to add to the forecast then, in the unit of the target.
    covered : float
        Share of the records for which that is enough.

    """

    ratio: float
    shift: float
    covered: float


def best_threshold(truth: Floats, scores: Floats, stake: Stakes, weights: Floats | None = None) -> tuple[float, float]:
    """Find the threshold that would have gained most on these rows, and that gain per record.

    Rows may stand for different numbers of records (`weights`).

    Never acting (infinity) wins where nothing gains. The gain is optimistic: it was chosen on the rows it is measured
    on. Cost: one sort.

    Examples
    --------
    >>> best_threshold(np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.9]), Stakes(10.0, -1.0))
    (0.65, 3.3333333333333335)

    """
    if not truth.size:
        return math.inf, 0.0
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    ends = np.flatnonzero(np.append(np.diff(sorted_scores) != 0, True))
    mass = np.ones(truth.size) if weights is None else weights
    total = np.cumsum((mass * np.where(truth > 0.5, stake.hit, stake.miss))[order])[ends]
    best = int(np.argmax(total))
    if total[best] <= 0:
        return math.inf, 0.0
    here = float(sorted_scores[ends[best]])
    following = float(sorted_scores[ends[best] + 1]) if ends[best] + 1 < scores.size else 0.0
    return min(here, (here + following) / 2), float(total[best] / np.sum(mass))


def choose_threshold(truth: Floats, scores: Floats, stake: Stakes, weights: Floats | None = None) -> Threshold:
    """Choose the threshold from the costs, unless out-of-fold evidence says that the scores mean something else.

    On calibrated scores the break-even probability is the best threshold there is (Elkan 2001). The best one found on
    the rows themselves is noisy, so it replaces the break-even only where it gained more by over two standard errors.
    """
    even = break_even(stake)
    if math.isinf(even):
        return Threshold(math.inf, "Acting never pays at these costs.")
    if even == 0:
        return Threshold(0.0, "Acting on every record pays at these costs.")
    from_costs = Threshold(even, f"Acting pays above a probability of {even:.3g} (from the costs).")
    found, _ = best_threshold(truth, scores, stake, weights)
    if math.isinf(found):
        return from_costs  # acting lost on these rows: what it loses is reported, not hidden behind another threshold
    positive = truth > 0.5
    more = gains(positive, scores >= found, stake) - gains(positive, scores >= even, stake)
    advantage = _mean(more, weights)
    if advantage.value > 2 * advantage.error > 0:
        words = f"Acting gained most above {found:.3g} on rows the model had not seen; the costs alone say {even:.3g}."
        return Threshold(found, words)
    return from_costs


def choose_margin(truth: Floats, expected: Floats, stake: Stakes, weights: Floats | None = None) -> Threshold:
    """Choose the expected gain above which to act, where stakes differ between records.

    Zero, on calibrated scores (Elkan 2001). As with `choose_threshold`, the best margin found on the rows themselves is
    noisy, so it replaces zero only where it gained more by over two standard errors; and it is never below zero: to
    act at an expected loss is no policy anybody could explain.

    Parameters
    ----------
    truth : array, shape (n,)
        1 where positive.
    expected : array, shape (n,)
        What acting was expected to gain, from scores the model had not learned from.
    stake : Stakes
        What acting gains on each row.
    weights : array, shape (n,), optional
        How many records each row stands for.

    """
    zero = Threshold(0.0, "Acts where the expected gain is above 0, worked out for each record.")
    if not np.any(expected > 0):
        return Threshold(0.0, f"{zero.basis} On rows the model had not seen it nowhere was.")
    positive = truth > 0.5
    order = np.argsort(-expected, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(expected[order]) != 0, True))
    gained = np.where(positive, stake.hit, stake.miss) * (1.0 if weights is None else weights)
    total = np.cumsum(gained[order])[ends]
    best = int(np.argmax(total))
    if total[best] <= 0 or ends[best] + 1 >= truth.size:
        return zero
    margin = float(expected[order][ends[best] + 1])  # act above the first that is left alone
    if margin <= 0:
        return zero
    more = gains(positive, expected > margin, stake) - gains(positive, expected > 0, stake)
    advantage = _mean(more, weights)
    if advantage.value > 2 * advantage.error > 0:
        words = f"Acts where the expected gain of the record is above {margin:.3g}, which gained most on rows the model"
        return Threshold(margin, f"{words} had not seen.")
    return zero


def _mean(values: Floats, weights: Floats | None) -> Estimate:
    if weights is None:
        return mean_estimate(values)
    return influence_estimate(ratio(weights * values, weights), ratio_influences(weights * values, weights))


def pace_of(ranked: Floats, share: float, weights: Floats | None = None) -> float:
    """Say from which rank value on at most `share` of such records is acted on: the pace of a capacity.

    Actions are counted over the distribution of `ranked`; where many records have the same value and the capacity ends
    among them, none of these is acted on, so that the capacity is kept.

    Parameters
    ----------
    ranked : array, shape (n,)
        What records are ranked by, of rows the model had not learned from.
    share : float
        Above 0, up to 1.
    weights : array, shape (n,), optional
        How many records each row stands for.

    Examples
    --------
    >>> pace_of(np.array([0.1, 0.2, 0.3, 0.9]), 0.5)
    0.3
    >>> float(np.mean(np.array([0.5, 0.5, 0.5, 0.1]) >= pace_of(np.array([0.5, 0.5, 0.5, 0.1]), 0.5)))
    0.0

    """
    order = np.argsort(-ranked, kind="stable")
    counts = np.ones(ranked.size) if weights is None else weights[order]
    ends = np.flatnonzero(np.append(np.diff(ranked[order]) != 0, True))
    reached = np.cumsum(counts)[ends] / np.sum(counts)
    within = np.flatnonzero(reached <= share + 1e-12)
    if not within.size:
        return float(np.nextafter(ranked[order[0]], np.inf))
    return float(ranked[order[ends[within[-1]]]])


def break_even_table(
    truth: Floats,
    scores: Floats,
    thresholds: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7),
    weights: Floats | None = None,
) -> tuple[BreakEven, ...]:
    """Say, for several thresholds, how much an action that works must be worth for acting to pay.

    Examples
    --------
    >>> row = break_even_table(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.6, 0.7, 0.8, 0.1]), (0.5,))[0]
    >>> row.acted, round(row.precision, 2), row.pays_above
    (0.75, 0.67, 1.5)

    """
    return tuple(_break_even_row(truth, scores, threshold, weights) for threshold in thresholds)


def _break_even_row(truth: Floats, scores: Floats, threshold: float, weights: Floats | None) -> BreakEven:
    acted = (scores >= threshold).astype(np.float64)
    precision = proportion_estimate(truth, acted) if weights is None else _share(truth * acted, acted, weights)
    known = math.isfinite(precision.value)
    return BreakEven(
        threshold=threshold,
        acted=float(np.average(acted, weights=weights)),
        precision=precision.value if known else None,
        interval=precision.interval,
        pays_above=1 / precision.value if known and precision.value > 0 else None,
        best_at=1 / threshold,
    )


def _share(hits: Floats, among: Floats, weights: Floats) -> Estimate:
    top, bottom = weights * hits, weights * among
    if not np.mean(bottom) > 0:
        return unmeasured(0)
    return influence_estimate(ratio(top, bottom), ratio_influences(top, bottom), scale="share")


def planning_shift(residuals: Floats, under: Quantity, over: Quantity) -> float:
    """Say how much to plan beyond the forecast when a unit too little costs `under` and a unit too much `over`.

    The newsvendor's answer (Arrow, Harris and Marschak 1951): the ``under / (under + over)`` quantile of what was
    needed minus what was forecast. Where the costs differ between records it is the one shift that costs least on these
    records together: a quantile of the residuals weighted by ``under + over``.

    Examples
    --------
    >>> planning_shift(np.arange(101.0) - 50, under=3.0, over=1.0)
    25.0
    >>> planning_shift(np.array([0.0, 10.0]), under=np.array([1.0, 9.0]), over=np.array([1.0, 1.0]))
    10.0

    """
    if isinstance(under, np.ndarray) or isinstance(over, np.ndarray):
        weights = np.broadcast_to(under + over, residuals.shape)
        level = float(np.sum(np.broadcast_to(under, residuals.shape)) / np.sum(weights))
        return float(weighted_quantiles(residuals, weights, (level,))[0])
    return float(np.quantile(residuals, under / (under + over)))


def weighted_quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> Floats:
    """Give the smallest values at or below which each share of the weights lies; shape (levels,)."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, np.asarray(levels) * reached[-1] * (1 - 1e-12))
    return np.asarray(values[order][np.minimum(places, values.size - 1)])


def shift_at(quantiles: tuple[float, ...], amounts: Amounts, otherwise: float) -> Quantity:
    """Say how much to plan beyond the forecast at a record's own costs, from the residuals' quantiles at `LEVELS`.

    `otherwise` where neither too little nor too much costs anything. The same bits for a record as for a row of a
    table.
    """
    under, over = amounts.per_unit
    both = np.add(under, over)
    level = np.divide(under, np.where(both > 0, both, 1.0))
    return np.where(both > 0, np.interp(level, LEVELS, quantiles), otherwise)


def margin_table(residuals: Floats, ratios: tuple[float, ...] = (0.25, 1.0, 4.0, 9.0)) -> tuple[Margin, ...]:
    """Say, for several ratios of the costs of too little and too much, how much to plan beyond the forecast."""
    rows = []
    for times in ratios:
        shift = planning_shift(residuals, times, 1.0)
        rows.append(Margin(ratio=times, shift=shift, covered=float(np.mean(residuals <= shift))))
    return tuple(rows)
