"""From an estimate to a Finding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.measures.finding import Finding, Interval, Limit, judge

if TYPE_CHECKING:
    from mainstay.measures.intervals import Estimate

NOTHING = "There is nothing to measure it on."


def found(
    estimate: Estimate,
    measure: str,
    *,
    where: str = "all",
    unit: str = "",
    group: str = "",
    limit: Limit | None = None,
    note: str = "",
) -> Finding:
    """Make the Finding of an estimate; without value, and with a sentence, where nothing could be measured."""
    known = math.isfinite(estimate.value)
    return judge(
        Finding(
            measure=measure,
            where=where,
            value=estimate.value if known else None,
            interval=_finite(estimate.interval) if known else None,
            limit=limit,
            n=estimate.n,
            unit=unit,
            group=group,
            note=note if known else NOTHING,
        )
    )


def judge_surely(finding: Finding) -> Finding:
    """Fill in `ok` from the limit, but fail only what lies beyond it with its whole interval.

    Beyond the limit by what may be luck, it isn't judged, and its note says so.
    """
    judged = judge(finding)
    interval, limit = finding.interval, finding.limit
    if not judged.failed or interval is None or limit is None:
        return judged
    nearest = interval.low if limit.sense == "at_most" else interval.high
    if not limit.holds(nearest):
        return judged
    note = f"Beyond the limit, but that may be luck: more rows would tell. {finding.note}".strip()
    return msgspec.structs.replace(judged, ok=None, note=note)


def _finite(interval: Interval | None) -> Interval | None:
    """Drop an interval that says nothing (and that JSON can't hold)."""
    if interval is None or not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return None
    return interval
