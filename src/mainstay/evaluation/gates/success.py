"""What the owner calls a success."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit, judge

if TYPE_CHECKING:
    from mainstay.models.report import Report


@gate
def success(case: Case) -> Finding:
    """Reached what the owner calls a success."""
    wanted = case.problem.success
    if wanted is None or (wanted.at_least is None and wanted.at_most is None):
        return unjudged("success", "[problem] success says no target")
    found = case.report.measure(wanted.measure)
    if found is None or found.value is None:
        return _unmeasured(case.report, wanted.measure)
    low = wanted.at_least is not None
    limit = (
        Limit("at_least", wanted.at_least) if wanted.at_least is not None else Limit("at_most", wanted.at_most or 0.0)
    )
    judged = judge(msgspec.structs.replace(found, measure="success", where=wanted.measure, limit=limit, group=GROUP))
    interval = found.interval
    sure = interval is None or limit.holds(interval.low if low else interval.high)
    note = "" if sure or judged.failed else "Reached, but the interval reaches beyond the target: it may be luck."
    return msgspec.structs.replace(judged, note=note)


def _unmeasured(report: Report, name: str) -> Finding:
    known = [finding.measure for finding in report.measures]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'" if near else f"measured are {', '.join(known)}"
    finding = unjudged("success", f"[problem] success wants '{name}', which was not measured; {hint}")
    return msgspec.structs.replace(finding, ok=False)
