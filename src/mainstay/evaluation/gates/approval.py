"""Whether people said yes, where people are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, as_asked, unjudged
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.models.report import Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.evaluation.evidence import Approval
    from mainstay.evaluation.settings import EvaluationSettings

APPROVED = "approved"


@gate
def approved(case: Case) -> Finding:
    """As many different people said yes as the project asks for."""
    given = None if case.evidence is None else case.evidence.approvals
    if given is None:
        return unjudged(APPROVED, "nobody looked for approvals")
    return _counted(given, case.settings.approve)


def judge_approvals(
    last: Verdict, given: Sequence[Approval], settings: EvaluationSettings, *, now: dt.datetime, by: str
) -> Verdict:
    """Judge a version again by who said yes alone: every other gate keeps what it said last."""
    mine = as_asked(_counted(given, settings.approve), settings)
    findings = tuple(mine if finding.measure == APPROVED else finding for finding in last.findings)
    if mine not in findings:
        findings = (*findings, mine)
    return Verdict(ok=not any(finding.failed for finding in findings), findings=findings, at=now, by=by)


def _counted(given: Sequence[Approval], wanted: int) -> Finding:
    names = sorted({one.by for one in given})
    said = "; ".join(f"{one.by}: {one.reason}" for one in given)
    if not wanted:
        return unjudged(APPROVED, said or "the project asks for no approval")
    return judge(
        Finding(
            measure=APPROVED,
            where="people",
            value=float(len(names)),
            limit=Limit("at_least", float(wanted)),
            group=GROUP,
            note=f"{said}." if said else 'Say yes with: mainstay approve VERSION --reason "…"',
        )
    )
