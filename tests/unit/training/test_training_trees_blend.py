"""Several shapes as one model: the mean of their raw scores, in LightGBM's own format, contributions included."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.training.losses import answered, loss_of
from mainstay.training.trees.blend import choose_blend, lay_together


@pytest.mark.parametrize("objective", ["binary", "regression", "multiclass"])
def test_a_mixture_is_the_mean_of_its_members(objective: str) -> None:
    import lightgbm  # noqa: PLC0415 - a second to import

    dice = np.random.default_rng(0)
    X = np.column_stack([dice.normal(size=(400, 2)), dice.integers(0, 6, 400)])
    y = np.round(np.abs(X[:, 0])).clip(0, 2) if objective == "multiclass" else (X[:, 0] + (X[:, 2] == 3) > 0) * 1.0
    classes = {"num_class": 3} if objective == "multiclass" else {}
    asked = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_data_per_group": 5, **classes}

    def grown(leaves: int, trees: int) -> lightgbm.Booster:
        data = lightgbm.Dataset(X, label=y, params={"verbosity": -1}, categorical_feature=[2])
        return lightgbm.train({**asked, "num_leaves": leaves}, data, trees)

    def raw(booster: lightgbm.Booster, **how: bool) -> np.ndarray:
        return np.asarray(booster.predict(X, **({"raw_score": True} | how)))

    many, few = grown(15, 12), grown(4, 7)
    text = lay_together([many.model_to_string(), few.model_to_string()], [0.75, 0.25])
    expected = 0.75 * raw(many) + 0.25 * raw(few)
    mixed = lightgbm.Booster(model_str=text)
    assert raw(mixed) == pytest.approx(expected)
    assert mixed.num_trees() == many.num_trees() + few.num_trees()
    if objective != "multiclass":
        assert raw(mixed, pred_contrib=True).sum(axis=1) == pytest.approx(expected)
        assert LightGBMModel(text).scores(X) == pytest.approx(answered(objective, expected))


def test_one_alone_stays_as_it_is() -> None:
    assert lay_together(["tree\n…"], [1.0]) == "tree\n…"


def test_what_gains_nothing_is_not_mixed_in_and_what_helps_twice_counts_twice() -> None:
    truth = np.linspace(-1, 1, 50)

    def loss(raw: np.ndarray) -> float:
        return loss_of("regression", truth, raw, None)

    assert choose_blend([truth + 1, truth, truth - 1], loss) == (1,)
    assert sorted(choose_blend([truth + 1, truth - 2], loss)) == [0, 0, 1]


def test_losses_are_those_of_the_field() -> None:
    y, raw = np.array([0.0, 1.0]), np.array([0.0, np.log(3.0)])
    scores = answered("binary", raw)
    assert loss_of("binary", y, scores, None) == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
    assert loss_of("binary", y, scores, np.array([0.0, 1.0])) == pytest.approx(-np.log(0.75))
    three = answered("multiclass", np.log(np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])))
    assert loss_of("multiclass", np.array([2.0, 0.0]), three, None) == pytest.approx(-(np.log(0.5) + np.log(0.6)) / 2)
