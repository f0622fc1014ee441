"""How new the rows are that it learned from."""

from __future__ import annotations

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.project.lengths import seconds_of

_DAY = 86_400.0


@gate
def data_recent(case: Case) -> Finding:
    """Demand a newest row no older than the project allows."""
    until, allowed = case.report.data_until, case.settings.max_age
    if until is None or case.now is None:
        return unjudged("data_recent", "nothing says how new the rows are: give a column the role time")
    days = (case.now - until).total_seconds() / _DAY
    note = f"Newest row: {until:%Y-%m-%d}, by {case.report.data_until_of}."
    return judge(
        Finding(
            measure="data_recent",
            where="newest row",
            value=days,
            limit=Limit("at_most", seconds_of(allowed) / _DAY) if allowed else None,
            unit="days",
            group=GROUP,
            note=note if allowed else f"Only reported: [evaluation] max_age sets a limit. {note}",
        )
    )
