"""Doing nothing: the same score for every record. What can't beat it has no business being built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.training.lesson import Learned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]


def say_the_mean(lesson: Lesson) -> Learned:
    """Say the base rate, or the mean amount, every time."""
    model = _mean(lesson.X, lesson.y, lesson.weights)
    return Learned(model, lesson.fold_scores(_mean), {"value": model.value}, constant=True)


def _mean(_: Floats, y: Floats, __: Floats | None) -> ConstantModel:
    return ConstantModel(float(np.mean(y)))  # unweighted, as the measures are that judge it
