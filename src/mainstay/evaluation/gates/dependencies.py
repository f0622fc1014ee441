"""Whether what it needs is installed, and what changed in it (Monitor 1 of the ML Test Score)."""

from __future__ import annotations

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit, judge

_SHOWN = 5
_ALIKE = "All as when it was trained, and as the champion's."


@gate
def dependencies_there(case: Case) -> Finding:
    """Every distribution of its lock is installed here; what is of another version, or new, is named."""
    lock = None if case.evidence is None else case.evidence.lock
    if lock is None:
        return unjudged("dependencies_there", "nobody held its requirements.txt against this environment")
    told = [
        _listed("Not installed: ", lock.missing),
        _listed("Of another version here: ", lock.moved),
        _listed("Changed since the champion: ", lock.since_champion),
    ]
    cure = "pip install -r requirements.txt, from the version's folder." if lock.missing else ""
    as_before = "All as when it was trained." if case.champion is None else _ALIKE
    note = " ".join(filter(None, [*told, cure])) or as_before
    return judge(
        Finding(
            measure="dependencies_there",
            where="requirements.txt",
            value=float(len(lock.missing)),
            limit=Limit("at_most", 0.0),
            n=lock.pinned,
            group=GROUP,
            note=note,
        )
    )


def _listed(head: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{head}{', '.join(names[:_SHOWN])}{more}."
