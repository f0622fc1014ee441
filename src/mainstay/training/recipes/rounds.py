"""How many rounds a boosted model gets: as many as the budget bears, and of these as many as the folds gained from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.training.meter import tree_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]


_LEAST = 30


def rounds_borne(lesson: Lesson, most: int, leaves: int) -> int:
    """Say how many rounds the budget bears on every fold and on all rows; what they cost at most is spent with this."""
    classes = max(1, lesson.classes)
    price = tree_price(lesson.X.shape[0], lesson.X.shape[1], leaves) * classes * (len(lesson.folds.parts) + 1)
    rounds = int(min(most, max(_LEAST, lesson.meter.left / price)))
    lesson.meter.spend(rounds * price)
    return rounds


def rounds_for(losses: list[Floats], weights: Floats, without: int | None = None) -> int:
    """Choose the number of rounds by the weighted mean loss of the folds.

    Parameters
    ----------
    losses : list of array, shape (rounds,)
        Loss of each fold after each round; a fold that stopped early keeps its last loss.
    weights : array, shape (folds,)
        How many rows each fold learned from.
    without : int, optional
        A fold that has no say: the one whose rows will be scored, so that its own loss doesn't help to choose.

    Examples
    --------
    >>> rounds_for([np.array([3.0, 1.0, 2.0]), np.array([3.0, 2.0])], np.array([1.0, 1.0]))
    2
    >>> rounds_for([np.array([3.0, 1.0, 2.0]), np.array([3.0, 4.0])], np.array([1.0, 1.0]), without=0)
    1

    """
    longest = max(len(one) for one in losses)
    curves = np.stack([np.pad(one, (0, longest - len(one)), mode="edge") for one in losses])
    said = np.where(np.arange(len(losses)) == without, 0.0, weights)
    said = said if said.any() else np.ones(len(losses))
    return int(np.argmin(said @ curves / said.sum())) + 1
