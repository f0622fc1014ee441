"""For whom it is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged

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


def _how_far_above(finding: Finding) -> tuple[bool, float]:
    """Order findings from the worst: failed first, then by how near they are to their limit in their own error."""
    if finding.value is None or finding.limit is None:
        return True, 0.0
    reach = abs(finding.limit.value)
    return not finding.failed, finding.value / reach if reach > 0 else 0.0
