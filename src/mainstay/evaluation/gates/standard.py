"""Every gate, in the order they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.gates.baselines import beats_doing_nothing, keeps_up_with_linear, worth_choosing
from mainstay.evaluation.gates.behaviour import behaves, scenarios
from mainstay.evaluation.gates.calibration import calibrated
from mainstay.evaluation.gates.champion import against_champion
from mainstay.evaluation.gates.data import few_rows_lost, no_leaks
from mainstay.evaluation.gates.segments import no_segment_harmed
from mainstay.evaluation.gates.success import success

if TYPE_CHECKING:
    from mainstay.evaluation.gate import Gate

STANDARD: Gate = (
    beats_doing_nothing
    & worth_choosing
    & keeps_up_with_linear
    & against_champion
    & success
    & no_segment_harmed
    & behaves
    & scenarios
    & calibrated
    & no_leaks
    & few_rows_lost
)
