"""What the owner calls a success."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.evaluation.periods import PERIODS, money_in
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.models.yardstick import MONEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.models.report import Report
    from mainstay.project.sections import Success


@gate
def success(case: Case) -> Finding:
    """Reached what the owner calls a success; unreached it fails from the day on by which it must be."""
    wanted = case.problem.success
    if wanted is None or (wanted.at_least is None and wanted.at_most is None):
        return unjudged("success", "[problem] success says no target")
    found = case.report.measure(wanted.measure) or money_in(case.report, wanted.measure)
    if found is None or found.value is None:
        return _unmeasured(case.report, wanted.measure)
    named = msgspec.structs.replace(found, measure="success", where=wanted.measure, group=GROUP)
    judged = [_held_to(named, limit) for limit in _limits(wanted)]
    worst = next((finding for finding in judged if finding.failed), judged[0])
    if worst.failed and wanted.by is not None and case.now is not None and case.now.date() < wanted.by:
        note = f"Not reached yet: it must be by {wanted.by}. {worst.note}".strip()
        return msgspec.structs.replace(worst, ok=None, note=note)
    return worst


def _limits(wanted: Success) -> Iterator[Limit]:
    if wanted.at_least is not None:
        yield Limit("at_least", wanted.at_least)
    if wanted.at_most is not None:
        yield Limit("at_most", wanted.at_most)


def _held_to(found: Finding, limit: Limit) -> Finding:
    judged = judge(msgspec.structs.replace(found, limit=limit))
    interval = found.interval
    sure = interval is None or limit.holds(interval.low if limit.sense == "at_least" else interval.high)
    luck = "" if sure or judged.failed else "Reached, but the interval reaches beyond the target: it may be luck."
    period = found.note if found.where in PERIODS else ""
    return msgspec.structs.replace(judged, note=f"{luck} {period}".strip())


def _unmeasured(report: Report, name: str) -> Finding:
    if name in PERIODS and report.measure(MONEY) is not None:
        why = f"[problem] success wants '{name}', and nothing says how many records come in; split by a column of times"
        return msgspec.structs.replace(unjudged("success", why), ok=False)
    known = [finding.measure for finding in report.measures]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'" if near else f"measured are {', '.join(known)}"
    finding = unjudged("success", f"[problem] success wants '{name}', which was not measured; {hint}")
    return msgspec.structs.replace(finding, ok=False)
