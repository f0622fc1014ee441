"""Which grown shapes make the model, how many trees of each, and what the mixture says of a fold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mainstay.training.losses import answered, loss_of
from mainstay.training.trees.blend import choose_blend
from mainstay.training.trees.growth import best_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.training.lesson import Lesson
    from mainstay.training.trees.growth import Grower, Growth

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One of a mixture.

    Parameters
    ----------
    place : int
        Its place among the growths.
    shape : mapping
        Its parameters.
    trees : int
        How many.
    weight : float
        How much it counts; all weights sum to 1.

    """

    place: int
    shape: Mapping[str, float]
    trees: int
    weight: float


class Mixer:
    """Chooses mixtures of growths by their losses on some of the folds.

    Parameters
    ----------
    lesson : Lesson
        Rows and folds.
    grower : Grower
        What grew them.
    growths : sequence of Growth
        What there is to mix.
    most : int
        How many a mixture may hold.

    """

    def __init__(self, lesson: Lesson, grower: Grower, growths: Sequence[Growth], most: int = 3) -> None:
        self.lesson, self.grower, self.growths, self.most = lesson, grower, growths, most
        sizes = [best_size(growth, grower.weights)[0] for growth in growths]
        self._raw = [
            [self._fold_raw(place, fold, size) for fold in range(len(lesson.folds.parts))]
            for place, size in enumerate(sizes)
        ]

    def mixture(self, weights: Floats) -> tuple[Member, ...]:
        """Choose by the losses of the folds, which count by `weights`; those of weight 0 have no say."""
        weights = weights if weights.any() else np.ones(weights.size)
        heard = [int(fold) for fold in np.flatnonzero(weights)]
        starts = np.cumsum([0, *(self.lesson.folds.parts[fold][1].size for fold in heard)])
        raw = [np.concatenate([folds[fold] for fold in heard]) for folds in self._raw]

        def loss(mixed: Floats) -> float:
            pieces = [mixed[a:b] for a, b in pairwise(starts)]
            losses = [self._loss(fold, piece) for fold, piece in zip(heard, pieces, strict=True)]
            return float(np.average(losses, weights=weights[heard]))

        if self.lesson.folds.timed:  # who won on the past is not sure to win on what comes: the best share evenly
            counts = Counter(np.argsort([loss(one) for one in raw], kind="stable")[: self.most].tolist())
        else:
            counts = Counter(choose_blend(raw, loss, self.most))
        total = sum(counts.values())
        return tuple(
            Member(place, self.growths[place].shape, best_size(self.growths[place], weights)[0], count / total)
            for place, count in counts.items()
        )

    def fold_scores(self) -> Floats:
        """Score each fold by the mixture that the other folds choose."""
        lesson = self.lesson
        scores = lesson.unscored()
        for fold, (_, score) in enumerate(lesson.folds.parts):
            others = np.where(np.arange(len(lesson.folds.parts)) == fold, 0.0, self.grower.weights)
            raw = [one.weight * self._fold_raw(one.place, fold, one.trees) for one in self.mixture(others)]
            scores[score] = answered(lesson.kind, np.sum(raw, axis=0))
        return scores

    def _fold_raw(self, place: int, fold: int, trees: int) -> Floats:
        booster = self.growths[place].boosters[fold]
        return self.grower.predict(booster, self.lesson.X[self.lesson.folds.parts[fold][1]], trees)

    def _loss(self, fold: int, raw: Floats) -> float:
        score = self.lesson.folds.parts[fold][1]
        weights = None if self.lesson.weights is None else self.lesson.weights[score]
        return loss_of(self.lesson.kind, self.lesson.y[score], answered(self.lesson.kind, raw), weights)
