"""Whether groups are served alike, where the project says how alike they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.findings import judge_surely
from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.evaluation.inclusion.measure import GAP, RATIO
from mainstay.measures.finding import Limit
from mainstay.render.numbers import measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding


@gate
def inclusive(case: Case) -> Finding:
    """No declared gap between groups is surely wider than tolerated."""
    if case.settings.max_gap is None:
        return unjudged("inclusive", "[evaluation] max_gap says no limit")
    judged = list(_judged(case))
    if not judged:
        return unjudged("inclusive", "no group is declared, or the gap that max_gap names isn't one of this target's")
    worst = min(judged, key=lambda one: (not one.failed, one.ok is not None, _room(one)))
    where = f"{worst.where}: {measure_name(worst.measure)}"
    return msgspec.structs.replace(worst, measure="inclusive", where=where, group=GROUP)


def _judged(case: Case) -> Iterator[Finding]:
    for finding in case.report.inclusion:
        most = getattr(case.settings.max_gap, finding.measure, None) if finding.group == GAP else None
        if most is not None:
            limit = Limit("at_least" if finding.measure == RATIO else "at_most", most)
            yield judge_surely(msgspec.structs.replace(finding, limit=limit))


def _room(finding: Finding) -> float:
    """Say how far inside its limit a gap is, in its own unit."""
    if finding.value is None or finding.limit is None:
        return 0.0
    room = finding.limit.value - finding.value
    return -room if finding.limit.sense == "at_least" else room
