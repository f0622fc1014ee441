"""Asking one arm: what its breaker lets through, and what it is told of the outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serving.cases import Case, FeaturesFailure
    from mainstay.serving.lineup import Arm


class Trouble(msgspec.Struct, frozen=True):
    """Why an arm gave no score.

    Parameters
    ----------
    how : {"error", "deadline", "breaker"}
        It failed, it gave nothing in time, or it isn't asked now because it did so too often.
    told : str
        The same for the operator, as the end of a sentence.

    """

    how: Literal["error", "deadline", "breaker"]
    told: str


def out_of_rotation(arm: Arm) -> Trouble | None:
    """Say why an arm isn't asked now; None where it is.

    Whoever is let through tells the outcome: `answered`, or `failed`.
    """
    breaker = arm.breaker
    if breaker.closed or breaker.admits() or arm.alone:
        breaker.asked += 1
        return None
    return Trouble("breaker", f"it is out of rotation, having failed too often: {breaker.why}")


def answered(arm: Arm, nanoseconds: int, records: int = 1) -> None:
    """Tell that an arm answered, and how long its model took; longer than its guard counts as a failure."""
    if arm.guard and nanoseconds > arm.guard * records:
        slow = f"a record took {nanoseconds / records / 1e6:.0f} ms, and {arm.guard / 1e6:.0f} are allowed."
        arm.breaker.failed(slow)
    elif not arm.breaker.closed:
        arm.breaker.passed()


def failed(arm: Arm, why: str) -> None:
    """Tell that an arm could not answer."""
    arm.breaker.failed(why)


def ask(
    part: list[Case],
    features_failed: list[FeaturesFailure],
    score: Callable[[list[Case], list[FeaturesFailure]], str],
) -> Trouble | None:
    """Let the arm of some records score them; returns why it didn't, None where it did.

    Parameters
    ----------
    part : list of Case
        Records of one arm.
    features_failed : list of FeaturesFailure
        Where to tell what feature code failed at.
    score : callable
        Has its model score and decide them; returns what went wrong, empty where nothing did.

    """
    arm = part[0].arm
    if (trouble := out_of_rotation(arm)) is not None:
        return trouble
    arm.asking[0] = arm.route.version
    begun = time.perf_counter_ns() if arm.guard else 0
    why = score(part, features_failed)
    arm.asking[0] = 0
    if why:
        failed(arm, why)
        return Trouble("error", why)
    if arm.guard or not arm.breaker.closed:
        answered(arm, time.perf_counter_ns() - begun if arm.guard else 0, len(part))
    return None
