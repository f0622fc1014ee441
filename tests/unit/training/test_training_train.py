"""Training: simplest first, judged out of fold, chosen with a reason, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.errors import ProjectError
from mainstay.measures.money import Cost, Money
from mainstay.measures.scores import log_loss, rmse
from mainstay.models import NEVER
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.frameworks.linear import LinearModel
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Training

    Make = Callable[..., Snapshot]

KNOWN = Money(value=300, success_rate=0.3, action_cost=15)
SETTINGS = TrainingSettings()


@pytest.fixture(scope="module")
def trained(make_snapshot: Make) -> Training:
    """Train once on the world whose truth is linear."""
    return train(make_snapshot(), SETTINGS, KNOWN, action="call")


def test_candidates_come_simplest_first_each_with_a_reason(trained: Training) -> None:
    assert [one.name for one in trained.candidates] == ["do-nothing", "linear", "lightgbm"]
    assert [one.rank for one in trained.candidates] == [0, 1, 2]
    assert all(one.why for one in trained.candidates)
    assert all(one.losses.shape == (5,) for one in trained.candidates)
    assert trained.why == trained.chosen.why


def test_the_simplest_within_one_error_wins(trained: Training) -> None:
    assert trained.chosen.name == "linear"
    assert trained.yardstick.name == "money_per_1000"


def test_where_nothing_can_be_learned_nothing_is_done(make_snapshot: Make) -> None:
    costly = Money(value=100, action_cost=70)
    training = train(make_snapshot(strength=0.0), SETTINGS, costly)
    assert training.chosen.name == "do-nothing"
    assert training.chosen.policy.threshold == NEVER


def test_trees_win_where_the_world_is_not_linear(make_snapshot: Make) -> None:
    snapshot = make_snapshot(rows=2400)
    X, y = snapshot.train.X, snapshot.train.y
    crossed = ((X[:, 0] > 14) ^ (X[:, 3] > 0)).astype(np.float64)
    flipped = np.where(np.random.default_rng(0).random(y.size) < 0.1, 1 - crossed, crossed)
    training = train(replace(snapshot, train=replace(snapshot.train, y=flipped)), SETTINGS, Money())
    assert training.chosen.name == "lightgbm"
    assert training.yardstick.name == "log_loss"


def test_out_of_fold_scores_of_noise_promise_nothing(make_snapshot: Make) -> None:
    """Shape and size are chosen for each fold by the others: on pure noise that must not look like knowledge."""
    ahead = []
    for seed in range(6):
        rows = make_snapshot(rows=500, seed=seed, strength=0.0)
        training = train(rows, SETTINGS, Money())
        idle, trees = training.candidate("do-nothing"), training.candidate("lightgbm")
        assert idle is not None
        assert trees is not None
        ahead.append(log_loss(rows.train.y, idle.fold_scores) - log_loss(rows.train.y, trees.fold_scores))
    assert np.mean(ahead) < 0.002


def test_the_threshold_follows_the_money_and_is_one_half_without_it(make_snapshot: Make, trained: Training) -> None:
    assert trained.chosen.policy.threshold == pytest.approx(1 / 6)
    assert trained.chosen.policy.action == "call"
    unknown = train(make_snapshot(), replace_candidates("linear"), Money())
    assert unknown.chosen.policy.threshold == 0.5
    assert "Not money" in unknown.chosen.policy.basis


def test_a_declared_measure_ranks_but_the_policy_still_follows_the_money(make_snapshot: Make) -> None:
    settings = TrainingSettings(candidates=("linear",), measure="roc_auc")
    training = train(make_snapshot(), settings, KNOWN)
    assert training.yardstick.name == "roc_auc"
    assert training.chosen.name == "linear"
    assert (training.chosen.losses < -0.5).all()
    assert training.chosen.policy.threshold == pytest.approx(1 / 6)


def test_amounts_are_planned_with_the_newsvendors_margin(make_snapshot: Make) -> None:
    snapshot = make_snapshot("regression")
    training = train(snapshot, SETTINGS, Money(cost=Cost(under=3, over=1)))
    chosen = training.chosen
    assert chosen.name in {"linear", "lightgbm"}
    planned = chosen.model.scores(snapshot.test.X) + chosen.policy.shift
    assert np.mean(snapshot.test.y <= planned) == pytest.approx(0.75, abs=0.06)
    assert rmse(snapshot.test.y, chosen.model.scores(snapshot.test.X)) < 0.6 * snapshot.test.y.std()


@pytest.mark.parametrize("split", ["time", "group"])
def test_time_and_groups_train_as_well(split: str, make_snapshot: Make) -> None:
    training = train(make_snapshot(split=split), SETTINGS, KNOWN)
    scores = training.chosen.fold_scores
    assert np.isnan(scores).any() == (split == "time")
    assert training.chosen.name == "linear"


def test_a_block_of_time_with_one_label_only_is_survived(make_snapshot: Make) -> None:
    snapshot = make_snapshot(split="time")
    y = snapshot.train.y.copy()
    y[: y.size // 4] = 0
    training = train(replace(snapshot, train=replace(snapshot.train, y=y)), SETTINGS, Money())
    assert all(np.isfinite(one.losses).all() for one in training.candidates)


def test_the_same_seed_gives_the_same_models_bit_for_bit(make_snapshot: Make, trained: Training) -> None:
    again = train(make_snapshot(), SETTINGS, KNOWN, action="call")
    for first, second in zip(trained.candidates, again.candidates, strict=True):
        assert np.array_equal(first.fold_scores, second.fold_scores, equal_nan=True)
        assert first.parameters == second.parameters
        assert first.policy == second.policy
    trees = [one.candidate("lightgbm") for one in (trained, again)]
    texts = [one.model.text for one in trees if one is not None and isinstance(one.model, LightGBMModel)]
    assert texts[0] == texts[1]


def test_training_never_looks_at_the_held_out_rows(make_snapshot: Make, trained: Training) -> None:
    snapshot = make_snapshot()
    spoiled = replace(snapshot.test, X=np.full_like(snapshot.test.X, 1e9), y=1 - snapshot.test.y)
    again = train(replace(snapshot, test=spoiled), SETTINGS, KNOWN, action="call")
    assert np.array_equal(again.chosen.fold_scores, trained.chosen.fold_scores)


def test_progress_is_told(make_snapshot: Make) -> None:
    told: list[str] = []
    train(make_snapshot(rows=300), SETTINGS, Money(), progress=told.append)
    assert any("linear" in line for line in told)
    assert any("shape 2 of" in line for line in told)


def test_the_linear_baseline_reads_labels_and_missing_values(make_snapshot: Make) -> None:
    training = train(make_snapshot(rows=4000), replace_candidates("linear"), Money())
    model = training.chosen.model
    assert isinstance(model, LinearModel)
    row = np.array([20.0, 60.0, 0.0, 0.0])
    basic, full, unknown = (model.score_one(np.array([20.0, 60.0, code, 0.0])) for code in (0.0, 1.0, 3.0))
    assert basic > unknown > full
    row[1] = np.nan
    assert model.score_one(row) == pytest.approx(basic, abs=0.1)


def replace_candidates(*names: str) -> TrainingSettings:
    return TrainingSettings(candidates=names)


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"candidates": ("lightgmb",)}, "did you mean 'lightgbm'"),
        ({"folds": 1}, "must be 2 to 20"),
        ({"seed": -1}, "must be 0 to"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object], cure: str) -> None:
    with pytest.raises(ValueError, match=cure):
        TrainingSettings(**wrong)  # type: ignore[arg-type]


def test_a_measure_nobody_knows_is_refused_before_anything_is_trained(make_snapshot: Make) -> None:
    with pytest.raises(ProjectError, match="Did you mean 'roc_auc'"):
        train(make_snapshot(), TrainingSettings(measure="roc_acu"), Money())


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_rows_of_no_weight_teach_nothing(make_snapshot: Make, name: str) -> None:
    whole = make_snapshot()
    dice = np.random.default_rng(4)
    ignored = dice.random(len(whole.train)) < 0.4
    spoilt = replace(whole.train, y=np.where(ignored, 1 - whole.train.y, whole.train.y))
    weights = np.where(ignored, 0.0, 1.0)
    weighed = replace(whole, train=replace(spoilt, weights=weights))
    settings = TrainingSettings(candidates=(name,))
    losses = []
    for snapshot in (weighed, replace(whole, train=spoilt)):
        candidate = train(snapshot, settings, KNOWN).candidate(name)
        assert candidate is not None
        losses.append(log_loss(whole.test.y, candidate.model.scores(whole.test.X)))
    assert losses[0] < losses[1] - 0.02
