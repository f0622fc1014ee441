"""XGBoost's trees: one careful shape, as many rounds as the folds bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.extras import need
from mainstay.models.frameworks.xgboost import Header, XGBoostModel
from mainstay.training.lesson import Learned
from mainstay.training.recipes.rounds import rounds_borne, rounds_for

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from mainstay.models.model import Model
    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]

MOST, PATIENCE = 600, 40
SHAPE = {"max_depth": 4, "eta": 0.06, "min_child_weight": 5, "subsample": 0.8, "colsample_bytree": 0.6, "lambda": 3.0}


def boost_xgboost(lesson: Lesson) -> Learned:
    """Boost every fold with early stopping, and all rows as long as the folds gained."""
    xgb = need("xgboost", "The candidate xgboost", "xgboost")
    classes = 0 if lesson.kind == "regression" else max(2, lesson.classes)
    options = _options(lesson, classes)
    most = rounds_borne(lesson, MOST, 16)
    losses: list[Floats] = []
    boosters = []
    for learn, score in lesson.folds.parts:
        lesson.say(f"xgboost: fold {len(losses) + 1} of {len(lesson.folds.parts)}")
        history: dict[str, Any] = {}
        test = _rows(xgb, lesson, lesson.X[score], lesson.y[score], None)
        weights = None if lesson.weights is None else lesson.weights[learn]
        boosters.append(
            xgb.train(
                options,
                _rows(xgb, lesson, lesson.X[learn], lesson.y[learn], weights),
                most,
                evals=[(test, "fold")],
                early_stopping_rounds=PATIENCE,
                evals_result=history,
                verbose_eval=False,
            )
        )
        losses.append(np.asarray(next(iter(history["fold"].values()))))
    sizes = np.asarray([learn.size for learn, _ in lesson.folds.parts], dtype=np.float64)
    scores = lesson.unscored()
    for fold, (_, score) in enumerate(lesson.folds.parts):
        rounds = min(rounds_for(losses, sizes, without=fold), boosters[fold].num_boosted_rounds())
        scores[score] = _model(boosters[fold], classes, rounds).scores(lesson.X[score])
    best = rounds_for(losses, sizes)

    def fit(X: Floats, y: Floats, weights: Floats | None) -> Model:
        booster = xgb.train(options, _rows(xgb, lesson, X, y, weights), best, verbose_eval=False)
        return _model(booster, classes, 0)

    return Learned(
        fit(lesson.X, lesson.y, lesson.weights), scores, {**SHAPE, "rounds": best, "seed": lesson.seed}, refit=fit
    )


def _options(lesson: Lesson, classes: int) -> dict[str, Any]:
    objective = {0: "reg:squarederror", 2: "binary:logistic"}.get(classes, "multi:softprob")
    several = {"num_class": classes} if classes > 2 else {}
    return {**SHAPE, **several, "objective": objective, "seed": lesson.seed, "nthread": 1, "tree_method": "hist"}


def _rows(xgb: ModuleType, lesson: Lesson, X: Floats, y: Floats, weights: Floats | None) -> Any:
    kinds = ["c" if place in lesson.labels else "q" for place in range(X.shape[1])]
    return xgb.DMatrix(X, label=y, weight=weights, feature_types=kinds, enable_categorical=True, nthread=1)


def _model(booster: Any, classes: int, rounds: int) -> XGBoostModel:
    header = Header(booster.num_features(), classes if classes > 2 else 1, rounds)
    return XGBoostModel(bytes(booster.save_raw("ubj")), header)
