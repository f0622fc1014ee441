"""Training on a target with several classes: probabilities per label, chosen on log loss or money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.errors import DataError, ProjectError
from mainstay.measures.money import Money
from mainstay.training import TrainingSettings, train
from mainstay.training.folds import cut_folds

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Training

    Make = Callable[..., Snapshot]

MATRIX = {
    "low": {"approve": 0.0, "review": 2.0, "refuse": 10.0},
    "medium": {"approve": 5.0, "review": 1.0, "refuse": 4.0},
    "high": {"approve": 30.0, "review": 5.0, "refuse": 0.0},
}


@pytest.fixture(scope="module")
def trained(make_snapshot: Make) -> Training:
    return train(make_snapshot("multiclass", 900), TrainingSettings(), Money(matrix=MATRIX))


def test_every_candidate_gives_a_probability_per_label(make_snapshot: Make, trained: Training) -> None:
    X = make_snapshot("multiclass", 900).test.X
    assert [one.name for one in trained.candidates] == ["do-nothing", "linear", "lightgbm"]
    for one in trained.candidates:
        assert one.fold_scores.shape == (675, 3)
        assert one.fold_scores.sum(axis=1) == pytest.approx(np.ones(675))
        assert one.model.scores(X).shape == (225, 3)
        assert np.array_equal(one.model.score_one(X[0]), one.model.scores(X)[0])


def test_candidates_are_ranked_on_what_they_save(trained: Training) -> None:
    assert trained.yardstick.in_money
    assert trained.chosen.name == "linear"
    assert trained.chosen.policy.classes.actions == ("approve", "review", "refuse")
    assert trained.chosen.policy.classes.idle == "refuse"
    assert trained.chosen.losses.mean() < -100  # gains more than 0.1 a record over refusing everybody


def test_doing_nothing_does_the_same_about_everybody_and_gains_nothing(trained: Training) -> None:
    idle = trained.candidates[0]
    assert idle.losses.tolist() == [0.0] * 5
    assert set(idle.policy.classes.decide_all(idle.fold_scores)) == {"refuse"}
    assert idle.policy.fallback == pytest.approx(idle.model.score_one(np.zeros(4)))


def test_without_money_the_likeliest_label_decides_and_log_loss_ranks(make_snapshot: Make) -> None:
    settings = TrainingSettings(candidates=("linear",))
    training = train(
        make_snapshot("multiclass", 900), settings, Money(actions={"low": "a", "medium": "b", "high": "c"})
    )
    policy = training.chosen.policy
    assert training.yardstick.name == "log_loss"
    assert policy.decide(np.array([0.2, 0.5, 0.3])) == "b"
    assert policy.predict(np.array([0.2, 0.5, 0.3])) == "medium"
    assert policy.basis.startswith("Not money")
    assert training.chosen.losses.mean() < 0.95  # the shares alone cost 1.05 nats


@pytest.mark.parametrize("measure", ["macro_f1", "balanced_accuracy", "macro_roc_auc", "brier"])
def test_a_declared_measure_can_be_ranked_on(make_snapshot: Make, measure: str) -> None:
    settings = TrainingSettings(candidates=("linear",), measure=measure)
    training = train(make_snapshot("multiclass", 900), settings, Money(matrix=MATRIX))
    assert training.yardstick.name == measure
    assert training.chosen.name == "linear"


def test_noise_is_not_taken_for_signal(make_snapshot: Make) -> None:
    training = train(make_snapshot("multiclass", 600, strength=0.0), TrainingSettings(), Money())
    assert training.chosen.name == "do-nothing"


@pytest.mark.parametrize("split", ["random", "time", "group"])
def test_every_fold_learns_from_every_label(make_snapshot: Make, split: str) -> None:
    rows = make_snapshot("multiclass", 600, split=split)
    folds = cut_folds(rows.train, rows.task, 5, 7)
    assert all(np.unique(rows.train.y[learn]).size == 3 for learn, _ in folds.parts)


def test_a_fold_that_lacks_a_label_is_left_out_and_none_left_is_a_sentence(make_snapshot: Make) -> None:
    rows = make_snapshot("multiclass", 600, split="time")
    late = rows.train.y.copy()
    late[:200][late[:200] == 2] = 0
    folds = cut_folds(replaced(rows, late).train, rows.task, 5, 7)
    assert "left out, which had not learned from every label" in folds.words
    assert len(folds.parts) < 5
    last = np.where(np.arange(450) > 440, 2.0, np.arange(450) % 2)
    with pytest.raises(DataError, match=r"Every fold lacks a label of 'grade'.*'high' with 9 training rows"):
        cut_folds(replaced(rows, last).train, rows.task, 5, 7)


def test_a_label_that_is_too_rare_is_named(make_snapshot: Make) -> None:
    rows = make_snapshot("multiclass", 600)
    rare = np.where(np.arange(450) < 3, 2.0, np.arange(450) % 2)
    with pytest.raises(DataError, match="Only 3 training rows are 'high'"):
        cut_folds(replaced(rows, rare).train, rows.task, 5, 7)


def test_a_matrix_for_another_kind_of_target_is_refused(make_snapshot: Make) -> None:
    with pytest.raises(ProjectError, match="matrix is for a target with several classes; 'churned' has not"):
        train(make_snapshot("binary", 300), TrainingSettings(candidates=("linear",)), Money(matrix=MATRIX))


def replaced(rows: Snapshot, y: np.ndarray) -> Snapshot:

    return replace(rows, train=replace(rows.train, y=y))
