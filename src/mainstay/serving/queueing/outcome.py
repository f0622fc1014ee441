"""`ArmOutcome`: how an arm did at one request's records, for whoever watches over arms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from mainstay.serving.lineup import Arm


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """How an arm did at one request's records.

    Told on the event loop, once for each request an arm had a part in, right before its answer is made.

    Parameters
    ----------
    arm : Arm
        Who was asked.
    how : {"ok", "error", "timeout"}
        Whether it gave scores that can be used, raised or gave something else, or gave nothing in time.
    seconds : float
        What the model would have taken for these records alone, without the time they waited for their turn; of a
        timeout the time the request had.
    records : int
        How many of the request were its own.
    why : str
        What went wrong; for the operator alone, it may repeat what a record holds.

    """

    arm: Arm
    how: Literal["ok", "error", "timeout"]
    seconds: float
    records: int
    why: str = ""


Watch: TypeAlias = Callable[[ArmOutcome], None]
"""Hears of every outcome."""


def unwatched(outcome: ArmOutcome) -> None:
    """Hear it and do nothing."""
    del outcome
