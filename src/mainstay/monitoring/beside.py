"""A canary held against the champion beside it, in the same window: whether it answers, and whether it is worse.

What it is held against is the champion on the same days, so that a world that changes for both says nothing about it.
Each number fails only where it is worse by more than `[monitoring] worse_by` and by more than chance makes once in two
thousand windows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.measures.catalogue import find_measure
from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.measures.intervals import proportion_estimate, skewed_mean_estimate
from mainstay.measures.measure import Setting
from mainstay.measures.tests import binomial_below
from mainstay.models.yardstick import MONEY as MONEY_MEASURE
from mainstay.monitoring.performance import MONEY, PERFORMANCE, statistic
from mainstay.monitoring.quality import QUALITY, SYSTEM
from mainstay.monitoring.worth import realised_worth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mainstay.measures.intervals import Estimate
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.settings import MonitoringSettings
    from mainstay.registry import Bundle
    from mainstay.release import Route

ANSWERS = "canary_answers"
"""The measure that says whether a canary answers those who are sent to it."""

_SURE = 3.3  # standard errors, one-sided: once in two thousand
_CHANCE = 5e-4
_Z95 = 1.959963984540054
_LEAST = 30  # fewer answers have no standard error worth the name


def canary_findings(  # noqa: PLR0917 - two spans of answers, and by what they are judged
    served: Served,
    older: Served,
    canary: Route,
    bundle: Bundle,
    settings: MonitoringSettings,
    askers: Mapping[int, int],
) -> tuple[Finding, ...]:
    """Hold a canary against the champion.

    Parameters
    ----------
    served : Served
        Answers of a window in which it was canary throughout.
    older : Served
        Answers whose outcomes should be known by now.
    canary : Route
        Its version and share.
    bundle : Bundle
        The champion's.
    settings : MonitoringSettings
        ``[monitoring]``.
    askers : mapping of int to int
        How many different ones were answered by each version: by chance each goes to the canary with its share.

    Returns
    -------
    tuple of Finding
        ``canary_answers``, and where enough is known ``degraded_beside_champion``, the statistic the champion is judged
        by and money, each as the difference to the champion's; all with the place ``"version 3"``.

    """
    where = f"version {canary.version}"
    served, older = (each if each.drawn is None else each.only(each.drawn) for each in (served, older))
    return (
        _answers(canary, askers, where),
        *_degraded(served, canary.version, bundle.version.number, where, settings),
        *_outcomes(older, canary.version, bundle, settings, where),
    )


def _answers(canary: Route, askers: Mapping[int, int], where: str) -> Finding:
    n, mine = sum(askers.values()), askers.get(canary.version, 0)
    if not n:
        return Finding(measure=ANSWERS, where=where, value=None, group=SYSTEM, note="Nobody asked.")
    share = proportion_estimate(np.asarray([1.0] * mine + [0.0] * (n - mine)), np.ones(n))
    return Finding(
        measure=ANSWERS,
        where=where,
        value=share.value,
        interval=share.interval,
        limit=Limit("at_least", canary.weight),
        ok=mine > 0 and binomial_below(mine, n, canary.weight) >= _CHANCE,
        n=n,
        group=SYSTEM,
        note=f"Share of those who asked that it answered; {100 * canary.weight:.10g} % were sent to it. "
        "What it fails at, the champion answers.",
    )


def _degraded(
    served: Served, canary: int, champion: int, where: str, settings: MonitoringSettings
) -> Iterator[Finding]:
    theirs, mine = (served.only(served.versions == number) for number in (champion, canary))
    if min(theirs.rows, mine.rows) < _LEAST:
        return
    before, now = (proportion_estimate(one.degraded.astype(float), np.ones(one.rows)) for one in (theirs, mine))
    yield _apart("degraded", where, QUALITY, "", now, before, higher=False, slack=settings.degraded_limit)


def _outcomes(
    older: Served, canary: int, bundle: Bundle, settings: MonitoringSettings, where: str
) -> Iterator[Finding]:
    mine = older.only((older.versions == canary) & older.known)
    if not mine.rows:
        return
    meanwhile = (older.versions == bundle.version.number) & older.known & (older.at >= float(mine.at.min()))
    theirs = older.only(meanwhile)
    if min(mine.rows, theirs.rows) < max(settings.min_rows, _LEAST):
        return
    name, kind = statistic(bundle.report), bundle.report.policy.task.kind
    measure = find_measure(name, kind)
    found = []
    for each in (mine, theirs):
        scores, threshold = each.judged_by(measure)
        found.append(measure.estimate(each.labels, scores, Setting(threshold=threshold)))
    slack = settings.worse_by * abs(found[1].value)
    higher = measure.better == "higher"
    yield _apart(name, where, PERFORMANCE, "", found[0], found[1], higher=higher, slack=slack)
    worths = [realised_worth(each, bundle.money, bundle.report) for each in (mine, theirs)]
    if worths[0] is not None and worths[1] is not None:
        now, before = (skewed_mean_estimate(1000 * worth) for worth in worths if worth is not None)
        slack = settings.worse_by * abs(before.value)
        yield _apart(MONEY_MEASURE, where, MONEY, bundle.money.currency, now, before, higher=True, slack=slack)


def _apart(  # noqa: PLR0917 - two numbers, and the fields of a Finding
    measure: str, where: str, group: str, unit: str, now: Estimate, before: Estimate, *, higher: bool, slack: float
) -> Finding:
    """Give the difference to the champion's; it fails where it is surely beyond the slack."""
    gap, error = now.value - before.value, math.hypot(now.error, before.error)
    finding = Finding(
        measure=f"{measure}_beside_champion",
        where=where,
        value=None,
        limit=Limit("at_least", -slack) if higher else Limit("at_most", slack),
        n=now.n,
        unit=unit,
        group=group,
    )
    if not (math.isfinite(gap) and math.isfinite(error)):
        return msgspec.structs.replace(finding, note="It can't be measured on these answers.")
    half, beyond = _Z95 * error, (-gap if higher else gap) - slack
    return msgspec.structs.replace(
        finding,
        value=gap,
        interval=Interval(gap - half, gap + half),
        ok=beyond <= _SURE * error,
        note=f"{now.value:.4g}, and the champion's {before.value:.4g} in the same time.",
    )
