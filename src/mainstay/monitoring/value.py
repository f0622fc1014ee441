"""What some answers are worth, as one number with its interval: money where it is known, else the statistic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from mainstay.measures.catalogue import find_measure
from mainstay.measures.finding import Interval
from mainstay.measures.intervals import skewed_mean_estimate
from mainstay.measures.measure import Setting
from mainstay.models.yardstick import money_known
from mainstay.monitoring.performance import statistic
from mainstay.monitoring.worth import expected_loss, expected_worth, realised_worth
from mainstay.render.numbers import measure_name
from mainstay.render.overview import Amount

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.measures.intervals import Estimate
    from mainstay.measures.measure import Measure
    from mainstay.measures.money import Money
    from mainstay.models.report import Report
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.worth import Expected

PER = "1 000 predictions"
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Gauge:
    """What value is measured in.

    Parameters
    ----------
    report : Report
        Of the version that answers.
    money : Money
        What answers are worth.
    coverage : float
        Share of outcomes that must be known before a number counts as measured.
    fewest : int
        Rows below which nothing is said.

    """

    report: Report
    money: Money
    coverage: float = 0.5
    fewest: int = 10

    @property
    def in_money(self) -> bool:
        """Whether value is money."""
        return money_known(self.report.policy.task, self.money)

    @property
    def measure(self) -> str:
        """Name of the statistic that stands in for money; empty for money."""
        return "" if self.in_money else statistic(self.report)

    @property
    def better(self) -> Literal["higher", "lower"]:
        """Which way is good."""
        return "higher" if self.in_money else self.statistic.better

    @property
    def statistic(self) -> Measure:
        """The statistic that stands in for money."""
        return find_measure(statistic(self.report), self.report.policy.task.kind)

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return self.money.currency if self.in_money else ""

    @property
    def heading(self) -> str:
        """Heading of the chart: unit and window."""
        if self.in_money:
            return f"Value, {self.unit} per {PER}"
        return f"{measure_name(self.measure)}, not money"

    def amount(self, value: Value) -> Amount:
        """Give a value as the overview shows it."""
        return Amount(
            value=value.value,
            interval=value.interval,
            unit=self.unit,
            per=PER if self.in_money else "",
            n=value.n,
            measure=self.measure,
            better=self.better,
        )


class Value(msgspec.Struct, frozen=True):
    """A number, how sure it is, and what it rests on."""

    value: float
    error: float
    n: int
    estimated: bool

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval."""
        half = _Z95 * self.error
        return Interval(self.value - half, self.value + half) if math.isfinite(half) else None


@dataclass(frozen=True)
class Worth:
    """What the answers of a span were worth, measured both ways where it is asked for.

    Parameters
    ----------
    rows : int
        How many answers.
    measure, estimate : callable
        By outcomes, and by scores; give None where that can't be done.

    """

    rows: int
    measure: Callable[[], Value | None]
    estimate: Callable[[], Value | None]

    @cached_property
    def realised(self) -> Value | None:
        """As measured by outcomes."""
        return self.measure()

    @cached_property
    def estimated(self) -> Value | None:
        """As estimated from scores."""
        return self.estimate()

    @property
    def best(self) -> Value | None:
        """As measured, else as estimated."""
        return self.realised or self.estimated


Worths = Callable[["dt.datetime | None", "dt.datetime | None"], Worth]
"""Measures the answers from a moment until another; from the first, and until the last, where it is None."""


def worths_of(served: Served, gauge: Gauge) -> Worths:
    """Measure spans of answers that are there as rows, in the order of time."""

    def spanned(since: dt.datetime | None, until: dt.datetime | None) -> Worth:
        first = 0 if since is None else int(np.searchsorted(served.at, since.timestamp()))
        end = served.rows if until is None else int(np.searchsorted(served.at, until.timestamp()))
        part = served.only(slice(first, end))
        return Worth(part.rows, lambda: realised_value(part, gauge), lambda: estimated_value(part, gauge))

    return spanned


def realised_value(served: Served, gauge: Gauge) -> Value | None:
    """Measure what answers were worth by their outcomes; None where too few are known."""
    known = served.only(served.known)
    if known.rows < max(gauge.fewest, math.ceil(gauge.coverage * served.rows)):
        return None
    worth = realised_worth(known, gauge.money, gauge.report)
    if worth is not None:
        return _value(skewed_mean_estimate(1000 * worth))
    measure = gauge.statistic
    scores, threshold = known.judged_by(measure)
    return _value(measure.estimate(known.labels, scores, Setting(threshold=threshold)))


def estimated_value(served: Served, gauge: Gauge) -> Value | None:
    """Estimate what answers are worth from calibrated scores; None for amounts, or too few rows."""
    if served.rows < gauge.fewest or gauge.report.policy.task.kind == "regression":
        return None
    worth = expected_worth(served, gauge.money, gauge.report)
    if worth is not None:
        return _expected(worth, 1000.0)
    return _expected(expected_loss(served), 1.0) if gauge.measure == "log_loss" else None


def _value(estimate: Estimate) -> Value | None:
    return Value(estimate.value, estimate.error, estimate.n, estimated=False) if math.isfinite(estimate.value) else None


def _expected(expected: Expected, scale: float) -> Value:
    return Value(scale * float(expected.mean.mean()), scale * expected.error, int(expected.mean.size), estimated=True)
