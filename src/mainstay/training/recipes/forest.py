"""A decision tree, and a forest of them, by scikit-learn: on encoded rows, missing values as they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.extras import need
from mainstay.models.columns import Columns, EncodedColumn
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.sklearn import Header, SklearnModel
from mainstay.training.lesson import Learned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from mainstay.models.candidate import Parameter
    from mainstay.models.model import Model
    from mainstay.training.lesson import Lesson

    Floats = NDArray[np.float64]

MOST, LEAST = 200, 40
_LEAST, _SHARE = 10, 0.005
"""A leaf of a tree holds this many rows, or this share of them: fewer and it learns by heart."""
_FOREST_LEAF = 3
_PRIOR_ROWS = 5.0  # how many rows the shares of all rows count as
_PER_COMPARISON = 1.5e-7  # seconds for each row, level and column tried of a tree: sorting and splitting


def grow_tree(lesson: Lesson) -> Learned:
    """Grow one tree, small enough to be read."""
    least = max(_LEAST, int(_SHARE * len(lesson.y)))
    options: dict[str, Parameter] = {"max_leaf_nodes": 24, "min_samples_leaf": least, "random_state": lesson.seed}
    return _learn(lesson, "decision-tree", "tree", "DecisionTree", options)


def grow_forest(lesson: Lesson) -> Learned:
    """Grow a forest (Breiman 2001)."""
    options: dict[str, Parameter] = {
        "n_estimators": _trees(lesson),
        "min_samples_leaf": _FOREST_LEAF,
        "max_features": "sqrt" if lesson.kind != "regression" else 0.33,
        "random_state": lesson.seed,
        "n_jobs": 1,
    }
    return _learn(lesson, "random-forest", "ensemble", "RandomForest", options)


def _trees(lesson: Lesson) -> int:
    """Say how many trees the budget bears on every fold and on all rows, and spend that."""
    rows, columns = lesson.X.shape
    price = _PER_COMPARISON * rows * math.log2(rows) * math.sqrt(columns) * (len(lesson.folds.parts) + 1)
    trees = int(min(MOST, max(LEAST, lesson.meter.left / price)))
    lesson.meter.spend(trees * price)
    return trees


def _learn(lesson: Lesson, name: str, module: str, kind: str, options: Mapping[str, Parameter]) -> Learned:
    kinds = need(f"sklearn.{module}", "Training", "train")
    amounts = lesson.kind == "regression"
    make: Callable[..., Any] = getattr(kinds, f"{kind}{'Regressor' if amounts else 'Classifier'}")
    classes = 0 if amounts else max(2, lesson.classes)
    columns = _plain(lesson.X.shape[1])

    def fit(X: Floats, y: Floats, weights: Floats | None) -> Model:
        seen = np.unique(y)
        if not amounts and seen.size < classes:  # a first block of time may lack a label
            return _shares(y, classes)
        estimator = make(**options).fit(X, y, sample_weight=weights)
        if kind == "DecisionTree" and not amounts:
            _soften(estimator.tree_)
        take, order = tuple(range(X.shape[1])), tuple(range(classes))
        return SklearnModel(estimator, Header(columns=columns, take=take, order=order))

    lesson.say(f"{name}: fitting")
    scores = lesson.fold_scores(fit)
    return Learned(fit(lesson.X, lesson.y, lesson.weights), scores, {**options, "seed": lesson.seed}, refit=fit)


def _soften(tree: Any) -> None:
    """Move the shares of each leaf a little towards those of all rows (the m-estimate, Cestnik 1990).

    A leaf of ten rows of one label would otherwise call the other one impossible.
    """
    rows = tree.weighted_n_node_samples[:, None, None]
    tree.value[:] = (tree.value * rows + _PRIOR_ROWS * tree.value[0]) / (rows + _PRIOR_ROWS)


def _plain(width: int) -> Columns:
    """Describe a row as the numbers it is: such a tree needs no names."""
    return Columns(tuple(EncodedColumn(name=str(place), kind="number") for place in range(width)))


def _shares(y: Floats, classes: int) -> Model:
    """Say the shares of the labels, each a little above nothing."""
    shares = (np.bincount(y.astype(np.int64), minlength=classes) + 0.5) / (y.size + 0.5 * classes)
    return ConstantModel(float(shares[1]) if classes == 2 else tuple(shares.tolist()))
