"""What came back about answers: how late, what KPIs, whether decisions were followed; and how much is asked.

A KPI or a share that has a limit in ``[monitoring]`` fails only where it is surely beyond it, by an interval that is
wrong on that side once in ten thousand windows, as refused records do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.measures.intervals import proportion_estimate, skewed_mean_estimate
from mainstay.monitoring.performance import PERFORMANCE
from mainstay.monitoring.quality import SURE, quantile_interval
from mainstay.monitoring.settings import length
from mainstay.render.numbers import counted, duration, number

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from mainstay.measures.intervals import Estimate
    from mainstay.monitoring.back import CameBack
    from mainstay.monitoring.settings import MonitoringSettings

    Floats = NDArray[np.float64]

BUSINESS = "business"
KPI = "kpi."
_DAY = 86_400.0
_LEAST = 2  # one number has no interval


def outcome_findings(back: CameBack, settings: MonitoringSettings, now: dt.datetime) -> tuple[Finding, ...]:
    """Measure what came back about a version's answers.

    Parameters
    ----------
    back : CameBack
        Of answers whose outcomes should be known.
    settings : MonitoringSettings
        ``[monitoring]``: how long outcomes take, and limits.
    now : datetime
        When this is, UTC.

    Returns
    -------
    tuple of Finding
        ``label_maturity``, ``label_delay``, one ``kpi.<name>`` for each that was told or has a limit, ``followed``.

    """
    names = sorted({*back.kpis, *settings.kpis})
    return (
        _maturity(back, settings, now),
        *_delay(back, settings),
        *(_kpi(name, back, settings) for name in names),
        *_followed(back, settings),
    )


def usage_finding(back: CameBack, seconds: float) -> Finding:
    """Count calls per day; the interval is that of a Poisson count, whose root is about normal."""
    days = seconds / _DAY
    root = math.sqrt(back.calls)
    ends = (max(root - 0.98, 0.0) ** 2, (root + 0.98) ** 2)
    return Finding(
        measure="calls_per_day",
        where="all",
        value=back.calls / days if days else None,
        interval=Interval(ends[0] / days, ends[1] / days) if days else None,
        n=back.calls,
        group=BUSINESS,
        note=f"{counted(back.rows, 'answer')} in {counted(back.calls, 'call')} in {duration(seconds)}.",
    )


def mature(at: Floats, settings: MonitoringSettings, now: dt.datetime) -> NDArray[np.bool_]:
    """Say which answers are so old that their outcome should be known: older than ``label_delay``."""
    return np.asarray(at + length(settings.label_delay).total_seconds() <= now.timestamp())


def _maturity(back: CameBack, settings: MonitoringSettings, now: dt.datetime) -> Finding:
    old = mature(back.at, settings, now).astype(float)
    share = proportion_estimate(old, np.ones(old.size))
    return Finding(
        measure="label_maturity",
        where="all",
        value=share.value if old.size else None,
        interval=share.interval,
        n=back.rows,
        group=PERFORMANCE,
        note=f"Share of the answers older than label_delay, {settings.label_delay}: their outcomes should be known.",
    )


def _delay(back: CameBack, settings: MonitoringSettings) -> tuple[Finding, ...]:
    """Measure how long outcomes really take, where enough are known: the median, days."""
    waited = np.sort(back.waited[np.isfinite(back.waited)])
    if waited.size < max(settings.min_rows, _LEAST):
        return ()
    most = float(np.quantile(waited, 0.9))
    ends = quantile_interval(waited, 0.95, 0.5)
    note = f"Half of the outcomes that are known were known so soon, 90 % within {duration(max(most, 0.0))}."
    if most > length(settings.label_delay).total_seconds():
        note = f"{note} label_delay is {settings.label_delay}: answers are judged before their outcomes are in."
    return (
        Finding(
            measure="label_delay",
            where="all",
            value=float(np.median(waited)) / _DAY,
            interval=Interval(ends.low / _DAY, ends.high / _DAY),
            n=int(waited.size),
            unit="d",
            group=PERFORMANCE,
            note=note,
        ),
    )


def _kpi(name: str, back: CameBack, settings: MonitoringSettings) -> Finding:
    limit = settings.kpis[name].limit if name in settings.kpis else None
    values = back.kpis.get(name, np.empty(0))
    if not values.size:
        note = "Nobody told it of these answers."
        return Finding(measure=KPI + name, where="all", value=None, limit=limit, group=BUSINESS, note=note)
    note = (
        f"Mean of {counted(values.size, 'answer')} of {back.rows} that it was told of; {number(values.sum())} in all."
    )
    estimate, surely = skewed_mean_estimate(values), skewed_mean_estimate(values, level=SURE)
    return _told(KPI + name, estimate, surely.interval, limit, note)


def _followed(back: CameBack, settings: MonitoringSettings) -> tuple[Finding, ...]:
    told = back.followed[np.isfinite(back.followed)]
    limit = None if settings.followed_limit is None else Limit("at_least", settings.followed_limit)
    if not told.size:
        if limit is None:
            return ()
        note = "Nobody told whether these decisions were followed."
        return (Finding(measure="followed", where="all", value=None, limit=limit, group=BUSINESS, note=note),)
    every = np.ones(told.size)
    surely = proportion_estimate(told, every, level=SURE).interval
    note = f"Share of the decisions that were followed, of {told.size} of {back.rows} that it was told of."
    return (_told("followed", proportion_estimate(told, every), surely, limit, note),)


def _told(measure: str, estimate: Estimate, surely: Interval | None, limit: Limit | None, note: str) -> Finding:
    return Finding(
        measure=measure,
        where="all",
        value=estimate.value,
        interval=estimate.interval,
        limit=limit,
        ok=None if limit is None else _verdict(estimate.value, surely, limit),
        n=estimate.n,
        group=BUSINESS,
        note=note,
    )


def _verdict(value: float, surely: Interval | None, limit: Limit) -> bool | None:
    """Pass within the limit, fail surely beyond it, and stay open where chance may have pushed it over."""
    if limit.holds(value):
        return True
    if surely is None:
        return None
    nearest = surely.high if limit.sense == "at_least" else surely.low
    return None if limit.holds(nearest) else False
