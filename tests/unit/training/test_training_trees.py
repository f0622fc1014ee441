"""Growing trees: who chooses shape and size, and what is filled in where training never saw a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.training import cut_folds
from mainstay.training.lesson import Lesson
from mainstay.training.recipes.lightgbm import grow_trees
from mainstay.training.trees.growth import Growth, best_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot

    Make = Callable[..., Snapshot]


def lesson(snapshot: Snapshot) -> Lesson:
    folds = cut_folds(snapshot.train, snapshot.task, 5, 7)
    return Lesson.of(snapshot.train, snapshot.contract, snapshot.task.kind, folds, 7)


def test_a_fold_has_no_say_in_its_size_and_larger_ones_have_more() -> None:
    growth = Growth({"num_leaves": 4}, np.array([[1.0, 9.0], [4.0, 2.0]]), [])
    assert best_size(growth, np.array([1.0, 0.0])) == (1, 1.0)
    assert best_size(growth, np.array([0.0, 1.0])) == (2, 2.0)
    assert best_size(growth, np.array([1.0, 4.0])) == (2, 2.4)
    assert best_size(growth, np.array([0.0, 0.0])) == (2, 3.0)


def test_features_that_may_miss_but_never_did_are_filled_with_their_median(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    learned = grow_trees(lesson(snapshot)).model
    assert isinstance(learned, LightGBMModel)
    assert learned.fills == {}  # price was missing in training, the others may never be
    X = snapshot.train.X.copy()
    X[:, 1] = np.where(np.isnan(X[:, 1]), 60.0, X[:, 1])
    whole = replace(snapshot, train=replace(snapshot.train, X=X))
    filled = grow_trees(lesson(whole)).model
    assert isinstance(filled, LightGBMModel)
    assert filled.fills == {1: pytest.approx(np.median(X[:, 1]))}
