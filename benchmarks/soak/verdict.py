"""Holds every answer of a soak against the releases that were in force when it was given."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Round:
    """One release.

    Parameters
    ----------
    kind : str
        What was done.
    champion : int
        Who answers the rest.
    answering : tuple of int
        All who answer.
    begun : float
        The moment before its row was written.
    written : float
        The moment after.
    followed : float
        The moment every worker said that it answers by it.

    """

    kind: str
    champion: int
    answering: tuple[int, ...]
    begun: float
    written: float
    followed: float


@dataclass(frozen=True)
class Answers:
    """What the load got, a place per answer; see `load.COLUMNS`."""

    sent: Numbers
    received: Numbers
    status: Numbers
    version: Numbers
    score: Numbers
    record: Numbers


def wrong_version(answers: Answers, rounds: Sequence[Round]) -> NDArray[np.bool_]:
    """Mark the answers by a version that no release allowed while they were made.

    A release allows its versions from the moment its row is written until every worker says that it follows the next.
    """
    begun = np.array([each.begun for each in rounds])
    followed = np.array([each.followed for each in rounds])
    masks = np.array([sum(1 << version for version in each.answering) for each in rounds])
    oldest = np.maximum(np.searchsorted(followed, answers.sent, "left") - 1, 0)
    newest = np.maximum(np.searchsorted(begun, answers.received, "right") - 1, 0)
    allowed = masks[oldest]
    for step in range(1, int((newest - oldest).max(initial=0)) + 1):
        allowed = allowed | masks[np.minimum(oldest + step, newest)]
    bit = np.left_shift(1, answers.version.astype(np.int64))
    return (answers.status == 200) & ((allowed & bit) == 0)


def wrong_score(answers: Answers, expected: Numbers) -> NDArray[np.bool_]:
    """Mark the answers whose score isn't exactly that of the version they name; `expected` by version and record."""
    of = expected[answers.version.astype(int), answers.record.astype(int)]
    return (answers.status == 200) & (answers.score != of)


def first_answers(answers: Answers, rounds: Sequence[Round]) -> list[float]:
    """Give the seconds from the row of each release to its champion's first answer, where that is new to answering."""
    waits = []
    for before, now in pairwise(rounds):
        if now.champion in before.answering:
            continue
        of = (answers.version == now.champion) & (answers.received > now.begun)
        waits.append(float(answers.received[of].min()) - now.begun)
    return waits


def during_swaps(answers: Answers, rounds: Sequence[Round], after: float = 0.05) -> NDArray[np.bool_]:
    """Mark the answers made between the row of a release and a little after everybody followed it."""
    begun = np.array([each.begun for each in rounds])
    ended = np.array([each.followed + after for each in rounds])
    of = np.maximum(np.searchsorted(begun, answers.received, "right") - 1, 0)
    return (answers.received >= begun[of]) & (answers.sent <= ended[of])
