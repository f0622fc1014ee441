"""Rows of which one label was thinned, weighed back: the numbers of the world, and intervals that cover them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from mainstay.measures.catalogue import MEASURES, measures_of
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.measure import Setting
from mainstay.measures.returns import gain_at_share
from mainstay.measures.scores import calibration_error
from mainstay.measures.weighing import advantage_weighed, measure_weighed, money_estimate, share_estimate

KEPT = 0.1  # of the negatives
THRESHOLD = 0.15
NAMES = [measure.name for measure in measures_of("binary")]
QUICK = [name for name in NAMES if name not in {"average_precision", "ece"}]


def world(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(-3.2, 1.3, n)
    return (rng.random(n) < 1 / (1 + np.exp(-x))).astype(np.float64), 1 / (1 + np.exp(-1.1 * x))


def thinned(rng: np.random.Generator, n: int = 9000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    truth, scores = world(rng, n)
    kept = (truth > 0.5) | (rng.random(n) < KEPT)
    return truth[kept], scores[kept], np.where(truth[kept] > 0.5, 1.0, 1 / KEPT)


@cache
def big() -> tuple[np.ndarray, np.ndarray]:
    return world(np.random.default_rng(0), 2_000_000)


def true_value(name: str) -> float:
    if name == "ece":
        return calibration_error(*big())
    return MEASURES[name].value(*big(), THRESHOLD)


def coverage(name: str, runs: int) -> float:
    truly, rng = true_value(name), np.random.default_rng(1)
    held = 0
    for run in range(runs):
        truth, scores, weights = thinned(rng)
        setting = Setting(seed=run)
        found = measure_weighed(MEASURES[name], truth, (scores, THRESHOLD), setting, weights)
        assert found.interval is not None
        held += found.interval.low <= truly <= found.interval.high
    return held / runs


@pytest.mark.parametrize("name", QUICK)
def test_intervals_of_weighed_rows_cover_the_world(name: str) -> None:
    assert coverage(name, 300) == pytest.approx(0.95, abs=0.01 + 3.3 * math.sqrt(0.95 * 0.05 / 300))


@pytest.mark.parametrize("name", ["average_precision", "ece"])
def test_drawn_intervals_of_weighed_rows_cover_the_world(name: str) -> None:
    assert coverage(name, 60) == pytest.approx(0.95, abs=0.01 + 3.3 * math.sqrt(0.95 * 0.05 / 60))


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_intervals_of_weighed_rows_cover_the_world_in_a_thousand_runs(name: str) -> None:
    assert coverage(name, 1000) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_one_change_nothing(name: str) -> None:
    truth, scores = world(np.random.default_rng(3), 1500)
    plain = measure_weighed(MEASURES[name], truth, (scores, THRESHOLD), Setting(), None)
    weighed = measure_weighed(MEASURES[name], truth, (scores, THRESHOLD), Setting(), np.full(truth.size, 3.0))
    assert weighed.value == pytest.approx(plain.value, rel=0.05 if name == "ece" else 1e-9)
    assert weighed.n == plain.n


@pytest.mark.parametrize("name", QUICK)
def test_two_models_are_compared_as_the_world_would(name: str) -> None:
    measure, rng = MEASURES[name], np.random.default_rng(5)
    truth, scores, weights = thinned(rng, 200_000)
    worse = np.clip(scores * 0.5 + 0.02 * rng.random(scores.size), 0, 1)
    found = advantage_weighed(measure, truth, (scores, 0.15), (worse, 0.15), Setting(), weights)
    sign = 1.0 if measure.better == "higher" else -1.0
    one, other = (measure_weighed(measure, truth, (each, 0.15), Setting(), weights).value for each in (scores, worse))
    assert found.value == pytest.approx(sign * (one - other))
    assert found.error < 0.2


def test_money_is_that_of_the_world() -> None:
    truly = float(np.mean(np.where(big()[1] >= THRESHOLD, np.where(big()[0] > 0.5, 50.0, -6.0), 0.0)))
    rng, held = np.random.default_rng(7), 0
    for _ in range(300):
        truth, scores, weights = thinned(rng)
        found = money_estimate(np.where(scores >= THRESHOLD, np.where(truth > 0.5, 50.0, -6.0), 0.0), None, weights)
        assert found.interval is not None
        held += found.interval.low <= truly <= found.interval.high
    assert held / 300 == pytest.approx(0.95, abs=0.01 + 3.3 * math.sqrt(0.95 * 0.05 / 300))


def test_a_share_is_that_of_the_world() -> None:
    _, scores, weights = thinned(np.random.default_rng(8), 100_000)
    found = share_estimate((scores >= THRESHOLD).astype(np.float64), None, weights)
    assert found.interval is not None
    assert found.interval.low <= float(np.mean(big()[1] >= THRESHOLD)) <= found.interval.high
    assert float(np.mean(scores >= THRESHOLD)) > 2 * found.value  # of the rows as they are it is another


def test_the_best_tenth_is_a_tenth_of_the_world() -> None:
    truly = gain_at_share(np.where(big()[0] > 0.5, 50.0, -6.0), big()[1], 0.1).value
    truth, scores, weights = thinned(np.random.default_rng(9), 60_000)
    found = gain_at_share(np.where(truth > 0.5, 50.0, -6.0), scores, 0.1, None, weights)
    assert found.interval is not None
    assert found.interval.low <= truly <= found.interval.high


def test_without_weights_money_is_a_plain_mean() -> None:
    values = np.random.default_rng(2).exponential(3, 400)
    assert money_estimate(values).value == mean_estimate(values).value
    assert money_estimate(values, None, np.full(400, 2.0)).value == pytest.approx(mean_estimate(values).value)
