"""How a model stands: earning, losing, unsure, on trial or idle; and what became different since when. Pure."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.measures.finding import Interval
from mainstay.monitoring.performance import MONEY, PERFORMANCE
from mainstay.render.overview import Amount, Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.events import Found
    from mainstay.measures.finding import Finding
    from mainstay.monitoring.value import Gauge, Value, Worths
    from mainstay.release import Release
    from mainstay.render.overview import State

SURE = 3.3  # standard errors; chance alone goes as far once in a thousand comparisons
_Z95 = 1.959963984540054


class Tenure(msgspec.Struct, frozen=True):
    """Since when the champion answers, and by whose doing.

    Parameters
    ----------
    version : int
        The champion.
    since : datetime
        When it became that.
    by, reason : str
        Who made it that, and why.
    trial : bool
        Whether it was released without its gates.
    before : int or None
        Champion before it.

    """

    version: int
    since: dt.datetime
    by: str
    reason: str
    trial: bool
    before: int | None = None


def tenure_of(history: Sequence[Release]) -> Tenure | None:
    """Find since when the champion answers; a canary, arm or shadow beside it changes nothing."""
    found: Tenure | None = None
    for release in history:
        made = found is None or release.kind in {"release", "rollback"}
        if found is None or release.champion != found.version:
            before = None if found is None else found.version
            found = Tenure(release.champion, release.at, release.by, release.reason, release.trial, before)
        elif made:  # released again: who did that last, and whether it still is a trial
            found = msgspec.structs.replace(found, by=release.by, reason=release.reason, trial=release.trial)
    return found


def change_of(
    worths: Worths, gauge: Gauge, tenure: Tenure, history: Sequence[Release], found: Sequence[Found]
) -> Change | None:
    """Find the clearest change of the value: at the champion's release, or where a look began to fail.

    Both sides are measured in the same way: by outcomes, or, where these are missing on one side, by the scores. A
    difference chance makes once in a thousand comparisons is none. `worths` measures a span.
    """
    floor = max((release.at for release in history if release.at < tenure.since), default=None)
    cuts = [(tenure.since, f"v{tenure.before}", floor)] if tenure.before is not None else []
    failing = [look.since for look in found if look.finding.failed and look.since is not None]
    after = [since for since in failing if since > tenure.since]
    if after:
        cuts.append((min(after), "before", tenure.since))
    changes = [_difference(worths, gauge, cut, against, begun) for cut, against, begun in cuts]
    seen = [change for change in changes if change is not None]
    return max(seen, key=_clearness, default=None)


def state_of(
    *,
    tenure: Tenure,
    answering: bool,
    latest: Sequence[Finding],
    value: Value | None,
    gauge: Gauge,
    change: Change | None,
    worse_by: float,
) -> State:
    """Say how a model stands. Only what needs a person is "losing": a measured loss, never drift, never an estimate.

    Parameters
    ----------
    tenure : Tenure
        Of the champion.
    answering : bool
        Whether anybody asked lately.
    latest : sequence of Finding
        The last look.
    value : Value or None
        What it is worth now.
    gauge : Gauge
        What value is measured in.
    change : Change or None
        What became different.
    worse_by : float
        ``[monitoring] worse_by``.

    """
    if not answering:
        return "idle"
    interval = value.interval if value is not None and not value.estimated else None
    failed = any(finding.failed and finding.group in {MONEY, PERFORMANCE} for finding in latest)
    negative = gauge.in_money and interval is not None and interval.high < 0
    if failed or negative or _is_loss(change, value, worse_by):
        return "losing"
    if tenure.trial:
        return "trial"
    if interval is None:
        return "unsure"
    return "earning" if not gauge.in_money or interval.low > 0 else "unsure"


def _is_loss(change: Change | None, value: Value | None, worse_by: float) -> bool:
    if change is None or change.estimated or value is None:
        return False
    gap = change.difference.value
    worse = gap < 0 if change.difference.better == "higher" else gap > 0
    return worse and abs(gap) > worse_by * abs(value.value - gap)


def _difference(
    worths: Worths, gauge: Gauge, cut: dt.datetime, against: str, begun: dt.datetime | None
) -> Change | None:
    old, new = worths(begun, cut), worths(cut, None)
    pair = old.realised, new.realised
    if None in pair:
        pair = old.estimated, new.estimated
    before, after = pair
    if before is None or after is None:
        return None
    gap, error = after.value - before.value, math.hypot(before.error, after.error)
    if not math.isfinite(error) or abs(gap) < SURE * error or gap == 0:
        return None
    one = msgspec.structs.replace(after, value=gap, error=error)
    difference = gauge.amount(one)
    total = None
    if gauge.in_money:
        scale = new.rows / 1000
        half = _Z95 * error * scale
        total = Amount(
            value=gap * scale, interval=Interval(gap * scale - half, gap * scale + half), unit=gauge.unit, n=new.rows
        )
    return Change(difference=difference, since=cut, against=against, total=total, estimated=after.estimated)


def _clearness(change: Change) -> float:
    interval = change.difference.interval
    half = (interval.high - interval.low) / 2 if interval is not None else math.inf
    return abs(change.difference.value) / half if half > 0 else math.inf
