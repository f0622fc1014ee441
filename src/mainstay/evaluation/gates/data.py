"""What was found about the rows it learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding


@gate
def no_leaks(case: Case) -> Finding:
    """No feature that knows the answer."""
    leaks = [check for check in case.report.checks if check.measure == "leak"]
    if not leaks:
        return unjudged("no_leaks", "the data were not audited")
    worst = next((leak for leak in leaks if leak.failed), leaks[0])
    return msgspec.structs.replace(worst, measure="no_leaks", group=GROUP)


@gate
def few_rows_lost(case: Case) -> Finding:
    """Few rows of the source were refused."""
    lost = next((check for check in case.report.checks if check.measure == "row_loss"), None)
    if lost is None:
        return unjudged("few_rows_lost", "the rows were not counted")
    return msgspec.structs.replace(lost, measure="few_rows_lost", group=GROUP)
