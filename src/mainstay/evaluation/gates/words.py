"""What gates have in common: the name of their group, and how they say that they could not judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.measures.finding import Finding
from mainstay.render.numbers import measure_name

if TYPE_CHECKING:
    from mainstay.evaluation.gate import Case
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.models.report import Report

GROUP = "gate"


def compared(case: Case, name: str, other: str, why_not: str) -> Finding:
    """Make a gate of a comparison of the report: judged already, against something simpler."""
    found = case.report.comparison(f"over {other}")
    if found is None:
        return unjudged(name, why_not)
    return msgspec.structs.replace(found, measure=name, group=GROUP, note=measured(case.report, found.note))


def measured(report: Report, note: str) -> str:
    """Say in front of a note that its number is not money, where it isn't."""
    return note if report.in_money else f"In {measure_name(report.primary)}, not money. {note}"


def unjudged(name: str, why: str) -> Finding:
    """Make the finding of a gate that could not judge, and why."""
    return Finding(measure=name, where="all", value=None, group=GROUP, note=f"{why[:1].upper()}{why[1:]}.")


def as_asked(finding: Finding, settings: EvaluationSettings) -> Finding:
    """Heed what the project demands and waives."""
    if finding.measure in settings.waive:
        word = "Would fail" if finding.failed else "Would pass"
        return msgspec.structs.replace(finding, ok=None, note=f"{word}; waived in [evaluation]. {finding.note}".strip())
    if finding.measure in settings.demand and finding.ok is None:
        return msgspec.structs.replace(finding, ok=False, note=f"Demanded in [evaluation]. {finding.note}".strip())
    return finding
