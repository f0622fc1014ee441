"""Whether a request is read as the training rows were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.evaluation.skew import SKEW

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding


@gate
def no_skew(case: Case) -> Finding:
    """Held-out rows, sent as requests, are encoded to the same bits as in training; and so are live ones."""
    mine = next((check for check in case.report.checks if check.measure == SKEW), None)
    live = None if case.evidence is None else case.evidence.live_skew
    looked = [one for one in (mine, live) if one is not None and one.ok is not None]
    if not looked:
        return unjudged("no_skew", "no row was read both ways")
    worst = next((one for one in looked if one.failed), looked[0])
    return msgspec.structs.replace(worst, measure="no_skew", group=GROUP)
