"""For whom it is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.findings import judge_surely
from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.evaluation.slices import SLICE, WORTH
from mainstay.measures.finding import Limit

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding


@gate
def no_segment_harmed(case: Case) -> Finding:
    """No declared segment is surely worse off than with doing nothing."""
    segments = [one for one in case.report.comparisons if one.group == "segment" and one.ok is not None]
    if not segments:
        return unjudged("no_segment_harmed", "no segment is declared, or none has enough rows")
    worst = min(segments, key=_how_far_above)
    return msgspec.structs.replace(worst, measure="no_segment_harmed", group=GROUP)


@gate
def no_slice_harmed(case: Case) -> Finding:
    """No slice that was found is surely worse off than with doing nothing."""
    slices = [one for one in case.report.slices if one.group == WORTH and one.ok is not None]
    if not slices:
        return unjudged("no_slice_harmed", "no slice was found where the model does badly")
    worst = min(slices, key=_how_far_above)
    return msgspec.structs.replace(worst, measure="no_slice_harmed", group=GROUP)


@gate
def worst_slice(case: Case) -> Finding:
    """In no slice that was found the loss is surely more than the declared multiple of the loss elsewhere."""
    most = case.settings.max_slice_loss
    slices = [one for one in case.report.slices if one.group == SLICE and one.value is not None]
    if most is None:
        return unjudged("worst_slice", "[evaluation] max_slice_loss says no limit")
    if not slices:
        return unjudged("worst_slice", "no slice was found where the model does badly")
    worst = max(slices, key=lambda one: one.interval.low if one.interval else 0.0)
    limited = msgspec.structs.replace(worst, measure="worst_slice", group=GROUP, limit=Limit("at_most", most))
    return judge_surely(limited)


def _how_far_above(finding: Finding) -> tuple[bool, float]:
    """Order findings from the worst: failed first, then by how near they are to their limit in their own error."""
    if finding.value is None or finding.limit is None:
        return True, 0.0
    reach = abs(finding.limit.value)
    return not finding.failed, finding.value / reach if reach > 0 else 0.0
