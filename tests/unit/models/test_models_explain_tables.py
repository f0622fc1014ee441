"""Parts that are looked up are those the library works out, whatever the trees hold; what can't be told so is left."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.models.explain.leaves import leaves_of
from mainstay.models.explain.tables import MOST_BYTES, Tables, bytes_of
from mainstay.models.frameworks.lightgbm import LightGBMModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def rows(n: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.normal(0, 5, n), rng.gamma(1, 10, n), rng.integers(0, 12, n), rng.integers(0, 2, n), rng.normal(size=n)]
    ).astype(np.float64)
    X[rng.random(n) < 0.15, 1] = np.nan
    X[rng.random(n) < 0.1, 2] = np.nan
    return X


def grown(options: dict[str, Any] | None = None, rounds: int = 25, *, labels: int = 0) -> LightGBMModel:
    import lightgbm  # noqa: PLC0415 - slow to import

    X = rows(600)
    y = (np.nan_to_num(X[:, 0]) * (X[:, 3] - 0.5) + np.nan_to_num(X[:, 2]) % 3 > 1).astype(float)
    X[:, 2] = X[:, 2] * (labels or 1)
    data = lightgbm.Dataset(X, label=y, categorical_feature=[2])
    given = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_per_group": 2, "cat_smooth": 1}
    return LightGBMModel(lightgbm.train(given | (options or {}), data, rounds).model_to_string())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_missing": False},
        {"num_leaves": 60, "min_data_in_leaf": 2},
        {"num_leaves": 2},
        {"max_cat_to_onehot": 1, "max_cat_threshold": 12},
        {"objective": "regression"},
        {"boosting": "dart"},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    ],
)
def test_tables_say_what_the_library_says(options: dict[str, Any]) -> None:
    contributions = grown(options)._contributions
    if not contributions.prepare():
        assert options.get("boosting") == "rf"  # the library says sums there, and scores are means
        return
    X = rows(300, seed=5)
    X[:40, 2] = np.arange(-2, 38)
    X[:5, 2] = (63, 64, 200, 1e9, -7)
    X[40:60] = np.nan
    theirs = contributions._many(X)
    ours = np.array([contributions._one(row) for row in X])
    assert np.allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_trees_of_linear_leaves_are_no_sum_of_features() -> None:
    assert grown({"linear_tree": True}).attributions(rows(3)) is None


@pytest.mark.parametrize(("options", "labels"), [({"zero_as_missing": True}, 0), ({}, 7)])
def test_what_tables_can_t_tell_stays_with_the_library(options: dict[str, Any], labels: int) -> None:
    model = grown(options, labels=labels)  # the last: codes up to 77, more than a mask holds
    assert not model._contributions.prepare()
    X = rows(20)
    many = model._contributions._many(X)
    assert np.allclose([model._contributions._one(row) for row in X], many)


def test_trees_too_deep_for_the_room_are_left_to_the_library() -> None:
    import lightgbm  # noqa: PLC0415 - slow to import

    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 40))
    data = lightgbm.Dataset(X, label=X.sum(axis=1))
    options = {"verbosity": -1, "num_threads": 1, "num_leaves": 500, "min_data_in_leaf": 1}
    model = LightGBMModel(lightgbm.train(options, data, 30).model_to_string())
    assert bytes_of(leaves_of(model.text)) > MOST_BYTES
    assert not model._contributions.prepare()


def test_a_single_row_prepares_them_once_and_beside() -> None:
    model = grown()
    row = rows(1)[0]
    first = model._contributions._one(row)
    end = time.monotonic() + 20
    while model._contributions._tables is None and time.monotonic() < end:
        assert sum(thread.name == "mainstay-explain" for thread in threading.enumerate()) <= 1
        model._contributions._one(row)
    assert isinstance(model._contributions._tables, Tables)
    assert np.allclose(model._contributions._one(row), first, rtol=1e-10, atol=1e-12)


def test_text_that_is_no_tree_is_no_leaf() -> None:
    with pytest.raises(ValueError, match="can't be read"):
        leaves_of("tree\nobjective=binary\n\nTree=0\nnum_leaves=2\n\nend of trees\n")
