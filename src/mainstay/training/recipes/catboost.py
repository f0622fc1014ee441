"""CatBoost's trees, categories by its own ordered statistics (Prokhorenkova et al. 2018)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.extras import need
from mainstay.models.frameworks.catboost import MISSING, OTHER, CatBoostModel, Header, serialized
from mainstay.training.lesson import Learned
from mainstay.training.recipes.rounds import rounds_borne, rounds_for

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from mainstay.models.model import Model
    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]

MOST, PATIENCE = 500, 40
SHAPE = {"depth": 5, "learning_rate": 0.06, "l2_leaf_reg": 5.0}


def boost_catboost(lesson: Lesson) -> Learned:
    """Boost every fold with early stopping, and all rows as long as the folds gained."""
    cat = need("catboost", "The candidate catboost", "catboost")
    classes = 0 if lesson.kind == "regression" else max(2, lesson.classes)
    most = rounds_borne(lesson, MOST, 32)
    losses: list[Floats] = []
    boosters = []
    for learn, score in lesson.folds.parts:
        lesson.say(f"catboost: fold {len(losses) + 1} of {len(lesson.folds.parts)}")
        weights = None if lesson.weights is None else lesson.weights[learn]
        booster = cat.CatBoost(_options(lesson, classes, most) | {"use_best_model": False, "od_wait": PATIENCE})
        test = _pool(cat, lesson, lesson.X[score], lesson.y[score], None)
        booster.fit(_pool(cat, lesson, lesson.X[learn], lesson.y[learn], weights), eval_set=test)
        boosters.append(booster)
        losses.append(np.asarray(next(iter(booster.get_evals_result()["validation"].values()))))
    sizes = np.asarray([learn.size for learn, _ in lesson.folds.parts], dtype=np.float64)
    scores = lesson.unscored()
    for fold, (_, score) in enumerate(lesson.folds.parts):
        rounds = min(rounds_for(losses, sizes, without=fold), boosters[fold].tree_count_)
        boosters[fold].shrink(rounds)
        scores[score] = _model(boosters[fold], lesson, classes).scores(lesson.X[score])
    best = rounds_for(losses, sizes)

    def fit(X: Floats, y: Floats, weights: Floats | None) -> Model:
        booster = cat.CatBoost(_options(lesson, classes, best)).fit(_pool(cat, lesson, X, y, weights))
        return _model(booster, lesson, classes)

    return Learned(
        fit(lesson.X, lesson.y, lesson.weights), scores, {**SHAPE, "rounds": best, "seed": lesson.seed}, refit=fit
    )


def _options(lesson: Lesson, classes: int, rounds: int) -> dict[str, Any]:
    loss = {0: "RMSE", 2: "Logloss"}.get(classes, "MultiClass")
    return {
        **SHAPE,
        "iterations": rounds,
        "loss_function": loss,
        "random_seed": lesson.seed,
        "thread_count": 1,
        "allow_writing_files": False,
        "verbose": False,
    }


def _pool(cat: ModuleType, lesson: Lesson, X: Floats, y: Floats, weights: Floats | None) -> Any:
    mixed = X.astype(np.float32).astype(object)
    for place, labels in _labels(lesson).items():
        codes = np.where(np.isnan(X[:, place]), len(labels) + 1, np.minimum(np.nan_to_num(X[:, place]), len(labels)))
        mixed[:, place] = np.asarray([*labels, OTHER, MISSING], dtype=object)[codes.astype(np.int64)]
    return cat.Pool(mixed, label=y, weight=weights, cat_features=list(lesson.labels))


def _labels(lesson: Lesson) -> dict[int, tuple[str, ...]]:
    """Name the codes of each category, by their numbers."""
    return {place: tuple(str(code) for code in range(codes - 1)) for place, codes in lesson.labels.items()}


def _model(booster: Any, lesson: Lesson, classes: int) -> CatBoostModel:
    content = serialized(booster)
    take, order = tuple(range(lesson.X.shape[1])), tuple(range(classes))
    header = Header(len(take), take, _labels(lesson), order, hashlib.sha256(content).hexdigest())
    return CatBoostModel(content, header)
