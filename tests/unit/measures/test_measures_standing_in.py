"""What the control share stands for: measures of what is left are those of the world, with their intervals."""

from __future__ import annotations

import math
from functools import cache
from typing import get_args

import numpy as np
import pytest

from mainstay.measures.catalogue import measure_of, measures_of
from mainstay.measures.measure import CalibrationMeasure, DrawnMeasure, Kind, Measure, Setting
from mainstay.measures.standing_in import cut_weights, effective_rows, near, resample, stand_in
from mainstay.measures.weighing import advantage_weighed, measure_weighed

CONTROL = 0.2
QUICK: list[tuple[Kind, str]] = [
    (kind, measure.name)
    for kind in get_args(Kind)
    for measure in measures_of(kind)
    if not isinstance(measure, CalibrationMeasure | DrawnMeasure)
]


def world(rng: np.random.Generator, kind: str, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw truth, scores and who is meant for an action: those of high scores."""
    x = rng.normal(size=n)
    meant = x > 0.6
    if kind == "binary":
        return (rng.random(n) < 1 / (1 + np.exp(1.5 - 1.2 * x))).astype(np.float64), 1 / (1 + np.exp(1.3 - x)), meant
    if kind == "regression":
        return 30 + 2 * x + rng.normal(size=n) * (1 + meant), 30 + 1.8 * x, meant
    odds = np.exp(np.column_stack([-x, np.zeros(n), x]))
    shares = odds / odds.sum(axis=1, keepdims=True)
    truth = (rng.random(n)[:, None] > np.cumsum(shares, axis=1)).sum(axis=1).astype(np.float64)
    return truth, np.clip(shares**0.8 / (shares**0.8).sum(axis=1, keepdims=True), 0, 1), meant


def left(rng: np.random.Generator, kind: str, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    truth, scores, meant = world(rng, kind, n)
    held = meant & (rng.random(n) < CONTROL)
    weights = stand_in(meant & ~held, held, np.ones(n))
    kept = weights > 0
    return truth[kept], scores[kept], weights[kept]


@cache
def truly(kind: Kind, name: str) -> float:
    truth, scores, _ = world(np.random.default_rng(0), kind, 1_000_000)
    return measured(kind, name).value(truth, scores, 0.3)


def measured(kind: Kind, name: str) -> Measure:
    found = measure_of(name, kind)
    assert found is not None
    return found


@pytest.mark.parametrize(("kind", "name"), QUICK)
def test_measures_of_what_is_left_are_those_of_the_world(kind: Kind, name: str) -> None:
    rng, runs, held = np.random.default_rng(5), 200, 0
    for run in range(runs):
        truth, scores, weights = left(rng, kind, 1500)
        found = measure_weighed(measured(kind, name), truth, (scores, 0.3), Setting(seed=run), weights)
        assert found.interval is not None
        held += found.interval.low <= truly(kind, name) <= found.interval.high
    assert held / runs == pytest.approx(0.95, abs=0.015 + 3.3 * math.sqrt(0.95 * 0.05 / runs))


@pytest.mark.parametrize(("kind", "name"), [("binary", "roc_auc"), ("regression", "rmse"), ("multiclass", "macro_f1")])
def test_without_weights_they_are_not(kind: Kind, name: str) -> None:
    truth, scores, weights = left(np.random.default_rng(6), kind, 100_000)
    plain = measured(kind, name).value(truth, scores, 0.3)
    found = measure_weighed(measured(kind, name), truth, (scores, 0.3), Setting(), weights)
    assert found.value is not None
    assert abs(found.value - truly(kind, name)) < 0.3 * abs(plain - truly(kind, name))


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_calibration_is_that_of_the_world(kind: Kind) -> None:
    truth, scores, weights = left(np.random.default_rng(7), kind, 40_000)
    found = measure_weighed(measured(kind, "ece"), truth, (scores, 0.3), Setting(), weights)
    assert found.value == pytest.approx(truly(kind, "ece"), abs=0.01)


def test_a_model_has_no_advantage_over_itself() -> None:
    truth, scores, weights = left(np.random.default_rng(8), "binary", 2000)
    auc = measured("binary", "roc_auc")
    same = advantage_weighed(auc, truth, (scores, 0.3), (scores, 0.3), Setting(), weights)
    assert same.value == 0
    worse = advantage_weighed(auc, truth, (scores, 0.3), (1 - scores, 0.3), Setting(), weights)
    assert worse.value is not None
    assert worse.value > 0.3


def test_a_share_that_changed_is_counted_in_its_own_time() -> None:
    """A setting of 5 % says nothing about the days before it was set: probabilities are counted where they were."""
    rng = np.random.default_rng(9)
    n = 40_000
    share = np.where(np.arange(n) < n // 2, 0.05, 0.4)
    meant = rng.random(n) < 0.5
    held = meant & (rng.random(n) < share)
    late = (np.arange(n) >= n // 2).astype(np.float64)  # the world changes with the setting
    weights = stand_in(meant & ~held, held, np.ones(n))
    assert weights.sum() == pytest.approx(n)
    assert np.average(late[held], weights=weights[held]) == pytest.approx(late[meant].mean(), abs=0.01)
    pooled = np.average(late[held])
    assert abs(pooled - late[meant].mean()) > 0.3  # what one weight for all would say


def test_means_over_what_is_left_are_unbiased() -> None:
    rng, found = np.random.default_rng(10), []
    for _ in range(400):
        x = rng.normal(size=400)
        meant = x > 0.3
        held = meant & (rng.random(400) < 0.15)
        weights = stand_in(meant & ~held, held, np.ones(400))
        found.append(np.average(x, weights=weights))
    assert np.mean(found) == pytest.approx(0.0, abs=3.3 * float(np.std(found)) / math.sqrt(400))


def test_nobody_decides_alone() -> None:
    weights, cut = cut_weights(np.array([1.0] * 99 + [10_000.0]))
    assert cut == 1
    assert weights.max() == pytest.approx(10 * 100.99)
    assert cut_weights(np.ones(5))[1] == 0
    assert cut_weights(np.empty(0))[0].size == 0
    assert effective_rows(np.zeros(3)) == 0


def test_rows_drawn_again_are_there_as_often_as_they_weigh() -> None:
    weights = np.random.default_rng(11).exponential(size=5000)
    times = np.bincount(resample(weights), minlength=5000)
    assert np.abs(times - weights / weights.mean()).max() < 1


def test_what_is_near_is_what_is_near() -> None:
    rng = np.random.default_rng(12)
    for n in (1, 2, 7, 60):
        flags, whose, at = rng.random(n) < 0.3, rng.integers(0, 5, n), rng.integers(0, 40, n)
        there = flags[None, :] & (whose[:, None] == whose[None, :]) & (np.abs(at[:, None] - at[None, :]) <= 6)
        np.testing.assert_array_equal(near(flags, whose, at, 6), there.any(axis=1))
