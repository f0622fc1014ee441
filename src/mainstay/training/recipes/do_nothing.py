"""Doing nothing: the same score for every record. What can't beat it has no business being built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.training.lesson import Learned, shares_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]


def say_the_mean(lesson: Lesson) -> Learned:
    """Say the base rate, the shares of the labels, or the mean amount, every time."""

    def fit(_: Floats, y: Floats, __: Floats | None) -> ConstantModel:
        return ConstantModel(_usual(y, lesson.classes))

    usual = _usual(lesson.y, lesson.classes)
    said = {"value": max(usual) if isinstance(usual, tuple) else usual}
    return Learned(ConstantModel(usual), lesson.fold_scores(fit), said, constant=True)


def _usual(y: Floats, classes: int) -> float | tuple[float, ...]:
    """Give what is usual; unweighted, as the measures are that judge it."""
    return float(np.mean(y)) if classes == 1 else shares_of(y, classes)
