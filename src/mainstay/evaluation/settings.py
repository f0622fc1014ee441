"""The ``[evaluation]`` section."""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.evaluation.behaviour.settings import Directional, Invariance, Minimum


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
    demand : tuple of str
        Gates that must pass: without a judgement they count as failed.
    waive : tuple of str
        Gates that are shown but don't count.
    robustness : bool
        Whether noise, missing columns and slips of the finger are tried on held-out records.
    invariance, directional, minimum : lists of tables
        Behaviour tests: ``[[evaluation.invariance]]``, ``[[evaluation.directional]]``, ``[[evaluation.minimum]]``.

    """

    min_segment_rows: int = 50
    max_calibration_error: float = 0.05
    champion: Literal["not-worse", "better", "ignore"] = "not-worse"
    tolerance: float = 0.05
    demand: tuple[str, ...] = ()
    waive: tuple[str, ...] = ()
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
