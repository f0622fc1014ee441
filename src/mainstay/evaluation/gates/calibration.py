"""Whether scores can be taken as probabilities."""

from __future__ import annotations

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit, judge


@gate
def calibrated(case: Case) -> Finding:
    """Scores can be taken as probabilities."""
    error = case.report.measure("ece")
    if error is None or error.value is None:
        return unjudged("calibrated", "there are no probabilities, or too few rows to tell")
    limit = Limit("at_most", case.settings.max_calibration_error)
    note = "Mean distance of score and truth, without the part that chance adds."
    return judge(msgspec.structs.replace(error, measure="calibrated", limit=limit, group=GROUP, note=note))
