"""Whether those who call the champion can go on as they do."""

from __future__ import annotations

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit, judge


@gate
def contract_kept(case: Case) -> Finding:
    """Whatever the champion accepts, the newcomer accepts."""
    if case.evidence is None or case.evidence.differences is None:
        return unjudged("contract_kept", "no other version answers, so nobody could notice a change")
    found = case.evidence.differences
    told = "; ".join(found) or "Whoever calls the champion can go on as before"
    return judge(
        Finding(
            measure="contract_kept",
            where="callers",
            value=float(len(found)),
            limit=Limit("at_most", 0.0),
            group=GROUP,
            note=f"{told}.",
        )
    )
