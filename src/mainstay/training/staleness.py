"""How fast does it age? Models of several moments answer what came later, each beside one that is fresh.

Every period is answered by models that learned from equally long stretches of time, one that ends just before it and
others that ended earlier. What the older ones do worse on the *same* rows is age, not a hard season.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.studies import AgePoint
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.model import Model
    from mainstay.models.yardstick import Yardstick
    from mainstay.training.judge import Judge
    from mainstay.training.lesson import Fit, Floats, Lesson

    Places = NDArray[np.int64]

_UNITS = (
    ("year", 365.25),
    ("quarter", 91.3125),
    ("month", 30.4375),
    ("week", 7.0),
    ("day", 1.0),
    ("6 hours", 0.25),
    ("hour", 1 / 24),
)
_CADENCES = (("quarterly", 91.3125), ("monthly", 30.4375), ("weekly", 7.0), ("daily", 1.0))
_A_TIME = 1e8  # seconds since 1970; smaller numbers are an order, not a time
ORIGINS, AGES, _FEWEST_PERIODS = 6, 4, 8
_FEWEST_ROWS = 30  # in a period


@dataclass(frozen=True)
class Calendar:
    """Rows in periods.

    Parameters
    ----------
    period : array of int, shape (n,)
        Of each row, from 0 to ``count - 1``; the last one ends with the last row.
    count : int
        How many.
    name : str
        How long one is.
    days : float or None
        The same in days; None where the order is no time.

    """

    period: NDArray[np.int64]
    count: int
    name: str
    days: float | None


def calendar(times: Floats) -> Calendar | None:
    """Cut time into at least eight periods of a natural length, counted back from the end; None where that can't be."""
    start, end = float(times.min()), float(times.max())
    if start < _A_TIME:
        order = np.argsort(np.argsort(times, kind="stable"), kind="stable")
        return Calendar(order * 12 // times.size, 12, "twelfth of the rows", None)
    span = (end - start) / 86_400
    fitting = [(name, days) for name, days in _UNITS if span / days >= _FEWEST_PERIODS]
    if not fitting:
        return None
    name, days = fitting[0]
    count = int(span // days)
    back = np.floor((end - times) / (days * 86_400)).astype(np.int64)
    return Calendar(np.maximum(count - 1 - back, 0), count, name, days)


def staleness(fit: Fit, judge: Judge, times: Floats) -> tuple[tuple[AgePoint, ...], str]:
    """Study what a model loses with every period it isn't trained again.

    Parameters
    ----------
    fit : callable
        Makes the chosen kind of model from rows.
    judge : Judge
        Holds the rows, and measures.
    times : array, shape (n,)
        When each happened.

    Returns
    -------
    points : tuple of AgePoint
        By how much a fresh model does better than one that is 1, 2, 3 periods older.
    words : str
        How often to train again, in a sentence; empty where it can't be had.

    """
    found = calendar(times)
    if found is None or np.bincount(found.period, minlength=found.count)[-ORIGINS:].min() < _FEWEST_ROWS:
        return (), ""
    first = found.count - ORIGINS
    models = [_learned(fit, judge.lesson, found, origin, first) for origin in range(first, found.count)]
    scores = {
        (origin, period): model.scores(judge.lesson.X[found.period == period])
        for origin, model in enumerate(models, start=first)
        if model is not None
        for period in range(origin, min(origin + AGES, found.count))
    }
    if None in models:
        return (), ""
    points = tuple(_point(age, scores, judge, found) for age in range(1, AGES))
    return points, _words(points, judge.yardstick)


def _learned(fit: Fit, lesson: Lesson, found: Calendar, origin: int, length: int) -> Model | None:
    """Fit on the periods before `origin`, equally many for every one."""
    rows = np.flatnonzero((found.period < origin) & (found.period >= origin - length))
    if rows.size < _FEWEST_ROWS or (lesson.kind != "regression" and np.ptp(lesson.y[rows]) == 0):
        return None
    return fit(lesson.X[rows], lesson.y[rows], None if lesson.weights is None else lesson.weights[rows])


def _point(age: int, scores: dict[tuple[int, int], Floats], judge: Judge, found: Calendar) -> AgePoint:
    pairs = [(period, origin) for origin, period in scores if period - origin == age]
    rows = np.concatenate([np.flatnonzero(found.period == period) for period, _ in pairs])
    fresh = np.concatenate([scores[period, period] for period, _ in pairs])
    old = np.concatenate([scores[origin, period] for period, origin in pairs])
    lost = judge.advantage(rows, fresh, old)
    many = f"{age} {found.name}{'s' if age > 1 and found.name[-1] != 's' else ''} older"
    days = None if found.days is None else age * found.days
    return AgePoint(age, found.name, days, judge.finding(lost, many, "staleness"))


def _surely(point: AgePoint) -> bool:
    interval = point.lost.interval
    return interval is not None and interval.low > 0


def _words(points: tuple[AgePoint, ...], yardstick: Yardstick) -> str:
    worse = next((point for point in points if _surely(point)), None)
    longest = points[-1]
    if worse is None:
        return (
            f"No ageing was seen: a model {longest.lost.where} lost {_told(longest)} {yardstick.words} against a fresh "
            f"one on the same rows. {_cadence(longest.days, 'is often enough')}"
        )
    return (
        f"It ages: a model {worse.lost.where} lost {_told(worse)} {yardstick.words} against a fresh one on the same "
        f"rows. {_cadence(None if worse.days is None else worse.days * (worse.age - 0.5) / worse.age, 'is advised')}"
    )


def _told(point: AgePoint) -> str:
    value, interval = point.lost.value, point.lost.interval
    if value is None or interval is None:
        return "nothing that could be measured in"
    return f"{number(value)} ({number(interval.low)} to {number(interval.high)})"


def _cadence(days: float | None, verb: str) -> str:
    """Name the longest usual rhythm that isn't longer than so many days."""
    if days is None:
        return f"Training again at least this often {verb}."
    name = next((name for name, length in _CADENCES if length <= days * 1.05), "more than daily")
    return f"Training {name} {verb}."
