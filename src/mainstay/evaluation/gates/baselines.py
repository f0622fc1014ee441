"""Against what needs no model, and against the simplest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import compared
from mainstay.evaluation.held_out import EVERYBODY, IDLE, LINEAR

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding


@gate
def beats_doing_nothing(case: Case) -> Finding:
    """Better than doing nothing, by more than the standard error of the difference."""
    return compared(case, "beats_doing_nothing", IDLE, "")


@gate
def worth_choosing(case: Case) -> Finding:
    """Better than the same answer for every record, by more than the standard error: else no model is needed."""
    why = "only judged in money: without it nobody knows what acting on everybody is worth"
    return compared(case, "worth_choosing", EVERYBODY, why)


@gate
def keeps_up_with_linear(case: Case) -> Finding:
    """Not worse than the linear baseline."""
    why = (
        "the linear baseline itself was chosen" if case.report.candidate == LINEAR else "no linear baseline was trained"
    )
    return compared(case, "keeps_up_with_linear", LINEAR, why)
