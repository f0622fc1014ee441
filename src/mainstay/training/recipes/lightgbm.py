"""Gradient-boosted trees: a few shapes, each grown on all folds in step, sized where the folds stop gaining.

Shape and size are chosen for each fold by the losses of the *other* folds, so that no row's score is better than it
should be because its own loss helped to choose the model that scores it. (Its label still helped to grow the models
that are judged on the other folds; on pure noise that shows no gain, which is tested.) All folds choose the final one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import SetupError
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.training.lesson import Learned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from lightgbm import Booster, Dataset
    from numpy.typing import NDArray

    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]
    Shape = Mapping[str, float]

MOST_TREES, PATIENCE = 1500, 40
_WORTH_A_THREAD = 1_000_000  # cells
SHAPES: tuple[dict[str, float], ...] = (
    {"num_leaves": 4, "learning_rate": 0.08, "min_data_in_leaf": 20, "feature_fraction": 0.6, "lambda_l2": 3.0},
    {"num_leaves": 10, "learning_rate": 0.05, "min_data_in_leaf": 40, "feature_fraction": 0.5, "lambda_l2": 5.0},
    {"num_leaves": 31, "learning_rate": 0.1, "min_data_in_leaf": 20},
    {"num_leaves": 63, "learning_rate": 0.05, "min_data_in_leaf": 20, "feature_fraction": 0.6, "lambda_l2": 1.0},
)


@dataclass(frozen=True)
class Growth:
    """One shape, grown on all folds in step.

    Parameters
    ----------
    shape : mapping
        Its parameters.
    losses : array, shape (trees, folds)
        Loss on each fold's scored rows after each tree.
    boosters : list of Booster
        One per fold.

    """

    shape: Shape
    losses: Floats
    boosters: list[Booster]


def grow_trees(lesson: Lesson) -> Learned:
    """Grow, choose, and grow again on all rows."""
    lgb = _package()
    sets = [_dataset(lgb, lesson, learn) for learn, _ in lesson.folds.parts]
    tests = [_dataset(lgb, lesson, score, known) for (_, score), known in zip(lesson.folds.parts, sets, strict=True)]
    growths = []
    for k, shape in enumerate(SHAPES, start=1):
        lesson.say(f"lightgbm: shape {k} of {len(SHAPES)}")
        growths.append(_grow(lgb, lesson, shape, sets, tests))
    # A fold that learned from more rows says more about the model that learns from all: it matters under time order.
    weights = np.asarray([learn.size for learn, _ in lesson.folds.parts], dtype=np.float64)
    scores = np.full(lesson.y.size, np.nan)
    for fold, (_, score) in enumerate(lesson.folds.parts):
        growth, trees = _choose(growths, np.where(np.arange(weights.size) == fold, 0.0, weights))
        scores[score] = growth.boosters[fold].predict(
            lesson.X[score], num_iteration=trees, num_threads=_threads(lesson)
        )
    growth, trees = _choose(growths, weights)
    lesson.say(f"lightgbm: {trees} trees of {growth.shape['num_leaves']:.0f} leaves on all rows")
    whole = _dataset(lgb, lesson, np.arange(lesson.y.size))
    booster = lgb.train(_parameters(lesson, growth.shape), whole, num_boost_round=trees)
    model = LightGBMModel(booster.model_to_string(), _fills(lesson))
    return Learned(model, scores, {**growth.shape, "trees": trees, "seed": lesson.seed})


def _package() -> ModuleType:
    try:
        import lightgbm  # noqa: PLC0415 - a second to import, only needed to train
    except ImportError:
        raise SetupError("Training needs LightGBM, which isn't here.", "pip install 'mainstay[train]'") from None
    return lightgbm


def _grow(lgb: ModuleType, lesson: Lesson, shape: Shape, sets: list[Dataset], tests: list[Dataset]) -> Growth:
    """Add trees on all folds in step until the mean of the folds has stopped gaining."""
    boosters = []
    for learned, test in zip(sets, tests, strict=True):
        booster = lgb.Booster(_parameters(lesson, shape), learned)
        booster.add_valid(test, "fold")
        boosters.append(booster)
    curve: list[list[float]] = []
    best, best_at = float("inf"), 0
    while len(curve) < MOST_TREES and len(curve) - best_at < PATIENCE:
        for booster in boosters:
            booster.update()
        curve.append([booster.eval_valid()[0][2] for booster in boosters])
        mean = float(np.mean(curve[-1]))
        if mean < best:
            best, best_at = mean, len(curve)
    return Growth(shape, np.asarray(curve), boosters)


def _choose(growths: list[Growth], weights: Floats) -> tuple[Growth, int]:
    """Choose shape and number of trees by the weighted mean loss over the folds (a single fold speaks for itself)."""
    weights = weights if weights.any() else np.ones(weights.size)
    means = [growth.losses @ weights / weights.sum() for growth in growths]
    best = int(np.argmin([mean.min() for mean in means]))
    return growths[best], int(np.argmin(means[best])) + 1


def _dataset(lgb: ModuleType, lesson: Lesson, places: NDArray[np.int64], known: Dataset | None = None) -> Dataset:
    made: Dataset = lgb.Dataset(
        lesson.X[places],
        label=lesson.y[places],
        weight=None if lesson.weights is None else lesson.weights[places],
        reference=known,
        categorical_feature=[j for j, labels in lesson.labels.items() if labels > 3],
        params={"feature_pre_filter": False, "verbosity": -1, "num_threads": _threads(lesson)},
        free_raw_data=True,
    )
    return made


def _parameters(lesson: Lesson, shape: Shape) -> dict[str, object]:
    return {
        "objective": "binary" if lesson.kind == "binary" else "regression",
        "metric": "binary_logloss" if lesson.kind == "binary" else "rmse",
        "seed": lesson.seed,
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "num_threads": _threads(lesson),
        "verbosity": -1,
        **{key: int(value) if value == int(value) else value for key, value in shape.items()},
    }


def _threads(lesson: Lesson) -> int:
    """Give how many threads pay: on small tables, and beside other processes, two wait for each other."""
    return 1 if lesson.X.size < _WORTH_A_THREAD else 2


def _fills(lesson: Lesson) -> dict[int, float]:
    """Medians of the numbers that may be missing in production but never were in training."""
    never = [j for j in lesson.may_miss - set(lesson.labels) if not np.isnan(lesson.X[:, j]).any()]
    return {j: float(np.median(lesson.X[:, j])) for j in sorted(never)}
