"""Whether people said yes, where people are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, as_asked, unjudged
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.models.report import Verdict
from mainstay.release import APPROVED, unfilled

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.evaluation.evidence import Approval
    from mainstay.evaluation.settings import EvaluationSettings


@gate
def approved(case: Case) -> Finding:
    """As many different people said yes as the project asks for, and one in each role it names."""
    evidence = case.evidence
    if evidence is None or evidence.approvals is None:
        return unjudged(APPROVED, "nobody looked for approvals")
    return _counted(evidence.approvals, case.settings.approve, evidence.roles)


def judge_approvals(
    last: Verdict,
    given: Sequence[Approval],
    settings: EvaluationSettings,
    *,
    now: dt.datetime,
    by: str,
    roles: Sequence[str] = (),
) -> Verdict:
    """Judge a version again by who said yes alone: every other gate keeps what it said last."""
    mine = as_asked(_counted(given, settings.approve, roles), settings)
    findings = tuple(mine if finding.measure == APPROVED else finding for finding in last.findings)
    if mine not in findings:
        findings = (*findings, mine)
    return Verdict(ok=not any(finding.failed for finding in findings), findings=findings, at=now, by=by)


def _counted(given: Sequence[Approval], people: int, roles: Sequence[str]) -> Finding:
    names = {one.by for one in given}
    lacking = unfilled(roles, ((one.role, one.by) for one in given))
    wanted = max(people, len(roles))
    said = "; ".join(f"{one.by}{f' ({one.role})' if one.role else ''}: {one.reason}" for one in given)
    if not wanted:
        return unjudged(APPROVED, said or "the project asks for no approval")
    return judge(
        Finding(
            measure=APPROVED,
            where="people",
            value=float(min(len(names), wanted - len(lacking)) if lacking else len(names)),
            limit=Limit("at_least", float(wanted)),
            group=GROUP,
            note=" ".join(filter(None, (f"{said}." if said else "", _to_do(lacking, given=bool(said))))),
        )
    )


def _to_do(lacking: Sequence[str], *, given: bool) -> str:
    if lacking:
        return f'Nobody has yet as {" or ".join(lacking)}: mainstay approve VERSION --role {lacking[0]} --reason "…"'
    return "" if given else 'Say yes with: mainstay approve VERSION --reason "…"'
