"""Whether newer rows can be trusted: three gates against poisoned retraining data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.fresh_rows import COPIES, FALL, SHIFT
from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding

_CURE = "If the world really changed so, waive {name} in [evaluation], or raise {limit}."


@gate
def labels_agree(case: Case) -> Finding:
    """Demand that rows are ranked about as well as the champion ranked its own: else labels may be wrong."""
    return _checked(case, "labels_agree", FALL, "max_fall")


@gate
def no_block_twice(case: Case) -> Finding:
    """No more rows are copies than were among the champion's."""
    return _checked(case, "no_block_twice", COPIES, "max_copies")


@gate
def no_column_shifted(case: Case) -> Finding:
    """No feature moved far from where the champion learned it."""
    return _checked(case, "no_column_shifted", SHIFT, "max_shift")


def _checked(case: Case, name: str, measure: str, limit: str) -> Finding:
    found = [check for check in case.report.checks if check.measure == measure]
    judged = [check for check in found if check.ok is not None]
    if not judged:
        nobody = "no other version answers, to hold the rows against"
        return unjudged(name, found[0].note.rstrip(".") if found and case.champion is not None else nobody)
    worst = next((check for check in judged if check.failed), judged[0])
    others = [check.where for check in judged if check.failed and check is not worst]
    note = worst.note
    if worst.failed:
        also = f" So did {', '.join(others)}." if others else ""
        note = f"{note}{also} {_CURE.format(name=name, limit=limit)}"
    return msgspec.structs.replace(worst, measure=name, group=GROUP, note=note)
