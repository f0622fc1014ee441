"""A project's own functions are measures like any other: an interval, a paired comparison, a table where asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay.errors import ProjectError
from mainstay.measures.catalogue import find_measure, measure_of
from mainstay.measures.intervals import bootstrap_estimate, mean_estimate, proportion_estimate
from mainstay.measures.measure import Setting
from mainstay.measures.own import OwnMeasure

if TYPE_CHECKING:
    from collections.abc import Callable

RNG = np.random.default_rng(1)
TRUTH = RNG.gamma(2, 50, 200)
SCORES = TRUTH + RNG.normal(0, 20, 200)


def own(function: Callable[..., Any], *, frame: bool = False) -> OwnMeasure:
    return OwnMeasure(
        name="mine", label="mine", kind="regression", better="lower", function=function, wants_frame=frame
    )


def test_a_row_each_is_a_mean_with_its_interval() -> None:
    found = own(lambda truth, scores: np.abs(truth - scores)).estimate(TRUTH, SCORES)
    plain = mean_estimate(np.abs(TRUTH - SCORES))
    assert found.value == pytest.approx(plain.value)
    assert found.error == pytest.approx(plain.error)
    assert found.n == 200
    share = own(lambda truth, scores: truth - scores > 0).estimate(TRUTH, SCORES)
    assert share == proportion_estimate((TRUTH > SCORES).astype(np.float64), np.ones(200))


def test_rows_that_are_nan_do_not_count() -> None:
    found = own(lambda truth, scores: np.where(truth > 50, truth - scores, np.nan)).estimate(TRUTH, SCORES)
    large = TRUTH > 50
    assert found.n == large.sum()
    assert found.value == pytest.approx((TRUTH - SCORES)[large].mean())
    nothing = own(lambda truth, _: np.full(truth.size, np.nan)).estimate(TRUTH, SCORES)
    assert math.isnan(nothing.value)
    assert nothing.interval is None


def test_a_number_is_drawn_again_and_repeatable() -> None:
    median = own(lambda truth, scores: float(np.median(np.abs(truth - scores))))
    first, again = (median.estimate(TRUTH, SCORES, Setting(seed=3)) for _ in range(2))
    assert first == again
    assert first.value == np.median(np.abs(TRUTH - SCORES))
    assert first.interval is not None
    assert first.interval.low < first.value < first.interval.high
    worse = SCORES + 60
    ahead = median.advantage(TRUTH, (SCORES, 0.5), (worse, 0.5))
    assert ahead.interval is not None
    assert ahead.interval.low > 0
    assert median.advantage(TRUTH, (SCORES, 0.5), (SCORES, 0.5)).value == 0


def test_it_sees_the_same_rows_of_the_table() -> None:
    frame = pl.DataFrame({"big": TRUTH > 80, "row": np.arange(200)})

    def only_big(truth: np.ndarray, scores: np.ndarray, rows: pl.DataFrame) -> float:
        assert rows.height == truth.size
        return float(np.mean(np.abs(truth - scores)[rows["big"].to_numpy()]))

    measure = own(only_big, frame=True).on_rows(frame)
    assert measure.estimate(TRUTH, SCORES).value == pytest.approx(np.abs(TRUTH - SCORES)[TRUTH > 80].mean())
    some = np.flatnonzero(TRUTH > 40)
    assert measure.at(some).value(TRUTH[some], SCORES[some], 0.5) == measure.value(TRUTH, SCORES, 0.5)
    assert measure.at(TRUTH > 40).frame["row"].to_list() == some.tolist()


def test_a_sample_their_function_cannot_take_is_left_out() -> None:
    def picky(truth: np.ndarray, scores: np.ndarray) -> float:
        if truth.max() < TRUTH.max():
            raise ZeroDivisionError
        return float(np.mean(truth - scores))

    found = own(picky).estimate(TRUTH, SCORES)
    assert found.interval is not None
    with pytest.raises(ZeroDivisionError):
        own(lambda truth, _: 1 / int(truth.size * 0)).estimate(TRUTH, SCORES)


def test_whole_clusters_are_drawn() -> None:
    clusters = np.repeat(np.arange(20), 10)
    values = np.repeat(RNG.normal(0, 1, 20), 10)
    errors = [
        bootstrap_estimate(
            float(values.mean()), lambda rows: float(values[rows].mean()), 200, 1, clusters=hanging
        ).error
        for hanging in (None, clusters)
    ]
    assert errors[1] > 2 * errors[0]


def test_pinball_is_found_by_its_quantile_and_mape_leaves_zeros_out() -> None:
    pinball = measure_of("pinball(0.9)", "regression")
    assert pinball is not None
    assert find_measure("pinball(.9)", "regression").name == "pinball(0.9)"
    assert pinball.value(np.array([10.0]), np.array([8.0]), 0.5) == pytest.approx(1.8)
    for wrong in ("pinball(1.2)", "pinball(0)", "pinball", "pinball(0.9", "pinbal(0.9)"):
        assert measure_of(wrong, "regression") is None
    assert measure_of("pinball(0.9)", "binary") is None
    with pytest.raises(ProjectError, match=r"pinball\(0.9\)"):
        find_measure("pinball", "regression")
    mape = measure_of("mape", "regression")
    assert mape is not None
    truth, scores = np.array([0.0, 10.0, -20.0]), np.array([5.0, 12.0, -10.0])
    found = mape.estimate(truth, scores)
    assert found.value == pytest.approx(0.35)
    assert found.n == 2
    assert mape.remark(truth).startswith("1 of 3 rows are left out")
    assert mape.remark(truth[1:]) == ""
    assert mape.estimate(np.zeros(4), np.ones(4)).interval is None


def test_a_projects_own_can_be_ranked_on() -> None:
    mine = own(lambda truth, scores: np.abs(truth - scores))
    assert find_measure("mine", "regression", [mine]) is mine
    with pytest.raises(ProjectError, match="Did you mean 'mine'"):
        find_measure("min", "regression", [mine])
