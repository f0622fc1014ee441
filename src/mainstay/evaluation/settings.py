"""The ``[evaluation]`` section."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mainstay.data.settings import Length
from mainstay.evaluation.behaviour.settings import Directional, Invariance, Minimum
from mainstay.evaluation.inclusion.settings import MaxGap

Limit = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class EvaluationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[evaluation]`` section.

    Parameters
    ----------
    min_segment_rows : int
        Segments with fewer held-out rows are shown but not judged.
    max_calibration_error : float
        Most that scores may be off on average, 0 to 1 (binary).
    champion : {"not-worse", "better", "ignore"}
        What a newcomer must be against the champion: surely not worse by more than `tolerance`; surely better;
        anything.
    tolerance : float
        Share of what the champion gains over doing nothing that a newcomer may lose.
    max_fall : float
        Share of the champion's skill (ROC AUC above a half, or R2) that a newcomer on newer rows may lack before the
        rows themselves are doubted: wrong labels, for one.
    max_shift : float
        Population stability index, sampling noise taken off, by which a feature may have moved against the rows that
        the champion learned from.
    max_copies : float
        Share of rows that may be copies of other rows, beyond what the champion's rows had.
    max_age : str
        How old the newest row may be (``"30d"``); anything where empty.
    ablation : bool
        Whether features in doubt are left out, one by one, and the model fitted again.
    rehearse : bool
        Whether a fresh worker is started and asked before the verdict.
    max_p50_ms, max_p99_ms : float, optional
        Longest median and 99th percentile of its latency, milliseconds over loopback; only reported unless given.
    max_memory_mb : float, optional
        Most memory it may hold, megabytes; only reported unless given.
    describe : bool
        Whether every feature needs a description and an owner in the contract.
    approve : int
        How many people must have said yes: ``mainstay approve``.
    demand : tuple of str
        Gates that must pass: without a judgement they count as failed.
    waive : tuple of str
        Gates that are shown but don't count.
    measures : tuple of str
        Measures to show beside those every report has, such as ``"pinball(0.9)"``; those of ``measures.py`` are shown
        without being named.
    inclusion : tuple of str
        Columns whose groups are compared, besides those the contract calls `sensitive`; they may be no features.
    max_gap : MaxGap, optional
        How far groups may be apart: the gate `inclusive`.
    slices : bool
        Whether slices where the model does badly are searched for.
    max_slice_loss : float, optional
        How many times the loss elsewhere the loss in a slice may be; only reported unless given.
    robustness : bool
        Whether noise, missing columns and slips of the finger are tried on held-out records.
    invariance, directional, minimum : lists of tables
        Behaviour tests: ``[[evaluation.invariance]]``, ``[[evaluation.directional]]``, ``[[evaluation.minimum]]``.

    """

    min_segment_rows: int = 50
    max_calibration_error: float = 0.05
    champion: Literal["not-worse", "better", "ignore"] = "not-worse"
    tolerance: float = 0.05
    max_fall: Share = 0.2
    max_shift: Limit = 1.0
    max_copies: Share = 0.02
    max_age: Length = ""
    ablation: bool = True
    rehearse: bool = True
    max_p50_ms: Limit | None = None
    max_p99_ms: Limit | None = None
    max_memory_mb: Limit | None = None
    describe: bool = False
    approve: Annotated[int, msgspec.Meta(ge=0)] = 0
    demand: tuple[str, ...] = ()
    waive: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    inclusion: tuple[str, ...] = ()
    max_gap: MaxGap | None = None
    slices: bool = True
    max_slice_loss: Annotated[float, msgspec.Meta(gt=1)] | None = None
    robustness: bool = True
    invariance: tuple[Invariance, ...] = ()
    directional: tuple[Directional, ...] = ()
    minimum: tuple[Minimum, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be meant; whoever decodes the project file adds the line."""
        for key in ("max_calibration_error", "tolerance"):
            if not 0 <= getattr(self, key) <= 1:
                raise ValueError(f"{key} is {getattr(self, key)}, which must be 0 to 1")
        if self.min_segment_rows < 2:
            raise ValueError(f"min_segment_rows is {self.min_segment_rows}, which must be at least 2")
