"""Intervals: known values, clusters, edges."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy import stats

from mainstay.measures.intervals import (
    bootstrap,
    calibration_estimate,
    influence_estimate,
    mean_estimate,
    proportion_estimate,
    standard_error,
    student,
    which_hang_together,
    wilson,
)
from mainstay.measures.scores import average_precisions


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 10, 30, 1000])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_student_is_the_t_quantile(freedom: int, level: float) -> None:
    rough = 0.02 if freedom <= 4 and level > 0.98 else 0.003
    assert student(level, freedom) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=rough)


@pytest.mark.parametrize(("hits", "n"), [(0, 12), (12, 12), (3, 40), (1, 2)])
def test_wilson_is_scipys(hits: int, n: int) -> None:
    known = stats.binomtest(hits, n).proportion_ci(method="wilson")
    found = wilson(hits / n, n)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-12)


def test_clusters_that_are_single_rows_change_nothing() -> None:
    values = np.random.default_rng(0).normal(size=50)
    alone, _ = standard_error(values - values.mean())
    apart, freedom = standard_error(values - values.mean(), np.arange(50))
    assert apart == pytest.approx(alone)
    assert freedom == 49


def test_copies_of_a_row_make_nothing_surer() -> None:
    values = np.random.default_rng(0).normal(size=40)
    copied, clusters = np.repeat(values, 25), np.repeat(np.arange(40), 25)
    once, naive, honest = mean_estimate(values), mean_estimate(copied), mean_estimate(copied, clusters)
    assert naive.error < once.error / 4
    assert honest.error == pytest.approx(once.error, rel=0.02)
    hits = (copied > 0).astype(np.float64)
    width = [
        math.nan if found.interval is None else found.interval.high - found.interval.low
        for found in (
            proportion_estimate(hits[::25], np.ones(40)),
            proportion_estimate(hits, np.ones(1000), clusters),
        )
    ]
    assert width[1] == pytest.approx(width[0], rel=0.1)


def test_nothing_to_measure_is_said_and_not_raised() -> None:
    empty = np.empty(0)
    for found in (mean_estimate(empty), proportion_estimate(empty, empty), mean_estimate(np.ones(1))):
        assert found.interval is None
    assert math.isnan(proportion_estimate(np.ones(3), np.zeros(3)).value)
    assert math.isnan(mean_estimate(np.ones(6), np.zeros(6, dtype=np.int64)).error)  # all of one household


def test_a_perfect_share_is_not_certain() -> None:
    found = influence_estimate(1.0, np.zeros(30), scale="share", few=5)
    assert found.interval is not None
    assert found.interval.low < 0.6


def test_a_share_never_leaves_the_possible_and_a_size_never_gets_negative() -> None:
    rng = np.random.default_rng(1)
    share = influence_estimate(0.97, rng.normal(0, 1, 20), scale="share")
    size = influence_estimate(0.4, rng.normal(0, 3, 20), scale="positive")
    assert share.interval is not None
    assert share.interval.high < 1
    assert size.interval is not None
    assert size.interval.low > 0


def test_bootstrap_gives_the_same_for_the_same_seed_and_draws_whole_clusters() -> None:
    values, clusters = np.repeat(np.random.default_rng(2).normal(size=30), 10), np.repeat(np.arange(30), 10)

    def mean(weights: np.ndarray) -> np.ndarray:
        return np.asarray(weights @ values / weights.sum(axis=1))

    first, again = (bootstrap(mean, 300, 5) for _ in range(2))
    assert first == again
    assert bootstrap(mean, 300, 6) != first
    assert bootstrap(mean, 300, 5, clusters=clusters).error > 2 * first.error


def test_bootstrapping_ten_thousand_rows_takes_no_time_worth_mentioning() -> None:
    rng = np.random.default_rng(3)
    scores = rng.random(10_000)
    truth = (rng.random(10_000) < scores).astype(np.float64)
    start = time.process_time()
    bootstrap(lambda weights: average_precisions(truth, scores, weights), 10_000, 1)
    assert time.process_time() - start < 2


def test_a_calibrated_model_is_not_blamed_for_chance_and_a_crooked_one_is() -> None:
    innocent = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scores = rng.random(400)
        truth = (rng.random(400) < scores).astype(np.float64)
        fair, crooked = calibration_estimate(truth, scores, 1), calibration_estimate(truth, scores**3, 1)
        assert fair.interval is not None
        assert crooked.interval is not None
        innocent += fair.interval.low == 0
        assert crooked.interval.low > 0.05
    assert innocent >= 33  # 95 %, and what chance does to 40 runs
    assert calibration_estimate(np.ones(15), np.ones(15), 1).interval is None


def test_what_hangs_together() -> None:
    assert which_hang_together(5, None, None) is None
    groups = which_hang_together(4, np.array(["b", "a", "b", "c"]), None)
    assert groups is not None
    assert groups.tolist() == [1, 0, 1, 2]
    hours = which_hang_together(9, None, np.array([8.0, 7, 6, 5, 4, 3, 2, 1, 0]))
    assert hours is not None
    assert hours.tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0]
