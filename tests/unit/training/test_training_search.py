"""A search: seeded, within its budget, every trial kept, and nested so that it doesn't flatter itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.measures.money import Money
from mainstay.measures.scores import log_loss
from mainstay.training import TrainingSettings, cut_folds, train
from mainstay.training.lesson import Lesson
from mainstay.training.making import covered_folds
from mainstay.training.meter import Meter
from mainstay.training.recipes import grow_trees
from mainstay.training.trees.growth import Grower
from mainstay.training.trees.shapes import DEFAULT, shapes_for
from mainstay.training.trees.trying import try_shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models.candidate import Candidate

    Make = Callable[..., Snapshot]

SEARCH = TrainingSettings(candidates=("lightgbm",), search="optuna", budget=2.0, folds=3, studies=False)


def searched(snapshot: Snapshot) -> Candidate:
    found = train(snapshot, SEARCH, Money()).candidate("lightgbm")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def trees(make_snapshot: Make) -> Candidate:
    """Search once."""
    return searched(make_snapshot(rows=600))


def test_the_same_seed_makes_the_same_trials_and_the_same_model(make_snapshot: Make, trees: Candidate) -> None:
    again = searched(make_snapshot(rows=600))
    assert [(one.parameters, one.loss, one.state) for one in trees.trials] == [
        (one.parameters, one.loss, one.state) for one in again.trials
    ]
    X = make_snapshot(rows=600).test.X
    assert np.array_equal(trees.model.scores(X), again.model.scores(X))


def test_every_trial_is_kept_and_the_defaults_come_first(trees: Candidate) -> None:
    places = {one.where for one in trees.trials}
    assert places == {"all rows", *(f"fold {k} kept apart" for k in (1, 2, 3))}
    for place in places:
        trials = [one for one in trees.trials if one.where == place]
        assert [one.number for one in trials] == list(range(len(trials)))
        assert trials[0].parameters["num_leaves"] == DEFAULT["num_leaves"]
        assert all(one.seconds > 0 and one.loss is not None for one in trials)
    assert len([one for one in trees.trials if one.where == "all rows"]) > len(shapes_for(450, timed=False))


def test_a_larger_budget_makes_more_trials(make_snapshot: Make, trees: Candidate) -> None:
    small = TrainingSettings(candidates=("lightgbm",), search="optuna", budget=1.0, folds=3, studies=False)
    found = train(make_snapshot(rows=600), small, Money()).candidate("lightgbm")
    assert found is not None
    assert len(found.trials) < len(trees.trials)


def test_a_search_through_pure_noise_promises_nothing(make_snapshot: Make) -> None:
    """Hundreds of tries find something in noise; nested folds must not believe it."""
    ahead = []
    for seed in range(3):
        snapshot = make_snapshot(rows=400, seed=seed, strength=0.0)
        training = train(snapshot, SEARCH, Money())
        idle, found = training.candidate("do-nothing"), training.candidate("lightgbm")
        assert idle is not None
        assert found is not None
        y = snapshot.train.y
        ahead.append(log_loss(y, idle.fold_scores) - log_loss(y, found.fold_scores))
    assert np.mean(ahead) < 0.003


def test_nested_folds_are_told(make_snapshot: Make) -> None:
    notes = train(make_snapshot(rows=400), SEARCH, Money()).notes
    assert any("nested folds" in note for note in notes)


def lesson(snapshot: Snapshot, seconds: float) -> Lesson:
    from dataclasses import replace  # noqa: PLC0415

    folds = cut_folds(snapshot.train, snapshot.task, 5, 7)
    made = Lesson.of(snapshot.train, snapshot.contract, snapshot.task.kind, folds, 7)
    return replace(made, meter=Meter(seconds))


def test_a_budget_that_covers_little_means_a_sample_and_is_told(make_snapshot: Make) -> None:
    large = lesson(make_snapshot(rows=20_000), 0.5)
    grower, growths, trials, notes = try_shapes(large, large.meter)
    assert len(growths) == 1
    assert grower.lesson is large
    assert len(trials) == len(shapes_for(12_000, timed=False)) + 1
    rows = [
        int(found[1].replace(" ", "")) for note in notes if (found := re.search(r"on a sample \((.+) rows a", note))
    ]
    assert 0 < rows[0] < max(learn.size for learn, _ in large.folds.parts)
    assert large.meter.spent < 1.0


def test_trees_keep_to_their_budget_by_count(make_snapshot: Make) -> None:
    for seconds in (1.0, 4.0):
        small = lesson(make_snapshot(rows=4000), seconds)
        grow_trees(small)
        assert small.meter.spent < 1.2 * seconds


def test_the_clock_cuts_only_far_beyond_the_budget_and_it_is_told(make_snapshot: Make) -> None:
    now = [0.0]
    late = Meter(1.0, lambda: now[0])
    grower = Grower(lesson(make_snapshot(rows=600), 1.0))
    now[0] = 1000.0
    growth = grower.grow(DEFAULT | {"learning_rate": 0.01}, late)
    assert growth.ended == "clock"
    assert len(growth.losses) == 25
    assert late.cut


@pytest.mark.parametrize(("cells", "folds"), [(100_000, 5), (5_000_000, 4), (30_000_000, 1)])
def test_large_tables_are_scored_in_fewer_folds(cells: int, folds: int) -> None:
    assert min(5, covered_folds(cells, 20.0)) == folds


def test_in_order_of_time_no_shape_hides_columns() -> None:
    assert all("feature_fraction" not in shape for shape in shapes_for(10_000, timed=True))
    assert any("feature_fraction" in shape for shape in shapes_for(10_000, timed=False))
    assert [shape["num_leaves"] for shape in shapes_for(100, timed=False)] == [31, 4]
