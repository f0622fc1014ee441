"""Doing nothing: the same score for every record. What can't beat it has no business being built."""

from __future__ import annotations

from dataclasses import replace
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

    def fit(_: Floats, y: Floats, weights: Floats | None) -> ConstantModel:
        return ConstantModel(_usual(y, lesson.classes, weights))

    usual = _usual(lesson.y, lesson.classes, lesson.stands)
    said = {"value": max(usual) if isinstance(usual, tuple) else usual}
    judged = replace(lesson, weights=lesson.stands)  # weighed as the measures are that judge it, and not otherwise
    return Learned(ConstantModel(usual), judged.fold_scores(fit), said, constant=True)


def _usual(y: Floats, classes: int, weights: Floats | None) -> float | tuple[float, ...]:
    if classes > 1:
        return shares_of(y, classes, weights)
    return float(np.mean(y) if weights is None else np.average(y, weights=weights))
