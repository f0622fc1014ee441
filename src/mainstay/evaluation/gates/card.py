"""Whether a reader of the card finds what they need."""

from __future__ import annotations

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit, judge

_SHOWN = 5


@gate
def card_complete(case: Case) -> Finding:
    """[problem] says what is decided, by whom and what not for; features are described where that is demanded."""
    if case.evidence is None:
        return unjudged("card_complete", "only the report was judged")
    lacking = [f"[problem] {field}" for field in case.problem.empty]
    if case.settings.describe:
        lacking += [f"{name}: owner or description" for name in case.evidence.undescribed or ()]
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    told = f"Nothing is said about {', '.join(lacking[:_SHOWN])}{more}" if lacking else "Nothing is missing"
    return judge(
        Finding(
            measure="card_complete",
            where="card",
            value=float(len(lacking)),
            limit=Limit("at_most", 0.0),
            group=GROUP,
            note=f"{told}.",
        )
    )
