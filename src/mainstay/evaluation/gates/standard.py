"""Every gate, in the order they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.gates.age import data_recent
from mainstay.evaluation.gates.approval import approved
from mainstay.evaluation.gates.baselines import beats_doing_nothing, keeps_up_with_linear, worth_choosing
from mainstay.evaluation.gates.behaviour import behaves, scenarios
from mainstay.evaluation.gates.calibration import calibrated
from mainstay.evaluation.gates.card import card_complete
from mainstay.evaluation.gates.champion import against_champion
from mainstay.evaluation.gates.contract import contract_kept
from mainstay.evaluation.gates.data import few_rows_lost, no_leaks
from mainstay.evaluation.gates.dependencies import dependencies_there
from mainstay.evaluation.gates.fresh_rows import labels_agree, no_block_twice, no_column_shifted
from mainstay.evaluation.gates.inclusion import inclusive
from mainstay.evaluation.gates.sample import not_in_sample
from mainstay.evaluation.gates.segments import no_segment_harmed, no_slice_harmed, worst_slice
from mainstay.evaluation.gates.serving import can_be_served, latency_p50, latency_p99, memory
from mainstay.evaluation.gates.skew import no_skew
from mainstay.evaluation.gates.success import success

if TYPE_CHECKING:
    from mainstay.evaluation.gate import Gate

STANDARD: Gate = (
    not_in_sample
    & beats_doing_nothing
    & worth_choosing
    & keeps_up_with_linear
    & against_champion
    & success
    & no_segment_harmed
    & no_slice_harmed
    & worst_slice
    & inclusive
    & behaves
    & scenarios
    & calibrated
    & no_leaks
    & few_rows_lost
    & labels_agree
    & no_block_twice
    & no_column_shifted
    & data_recent
    & no_skew
    & contract_kept
    & can_be_served
    & latency_p50
    & latency_p99
    & memory
    & dependencies_there
    & card_complete
    & approved
)
