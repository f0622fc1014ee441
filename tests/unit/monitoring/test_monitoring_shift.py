"""One feature against its reference: cells, pooling, words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract import Category, Contract, Number, count_like, profile_rows
from mainstay.monitoring.shift import Shift, compare, count_scores, measure, pool, score_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NUMBER = Contract((Number(name="price", missing="allow"),))
PLAN = Contract((Category(name="plan", values=("basic", "plus", "rare1", "rare2"), missing="allow"),))


def shift_of(contract: Contract, before: Floats, now: Floats) -> Shift:
    reference = profile_rows(contract, before[:, None])
    current = count_like(reference, now[:, None])
    return compare(reference.columns[0], current.columns[0], now)


def test_a_moved_median_is_named_before_and_now() -> None:
    rng = np.random.default_rng(1)
    found = shift_of(NUMBER, rng.normal(60, 5, 4000), rng.normal(80, 5, 300))
    assert re.fullmatch(r"median (59|60)[.0-9]* -> (79|80)[.0-9]*", found.words)
    assert found.p < 1e-20
    assert found.interval.low <= found.effect <= found.interval.high


def test_a_tail_that_moved_far_is_named_instead() -> None:
    rng = np.random.default_rng(2)
    before = rng.normal(60, 5, 4000)
    now = np.concatenate([rng.normal(60, 5, 250), np.full(50, 500.0)])
    assert shift_of(NUMBER, before, now).words.startswith("90 % quantile 6")


def test_values_that_vanish_are_named() -> None:
    rng = np.random.default_rng(3)
    now = rng.normal(60, 5, 300)
    now[:90] = np.nan
    assert shift_of(NUMBER, rng.normal(60, 5, 4000), now).words == "share missing 0 % -> 30 %"


def test_a_label_that_grew_is_named() -> None:
    rng = np.random.default_rng(4)
    before, now = rng.choice(4, 4000, p=[0.5, 0.4, 0.05, 0.05]), rng.choice(4, 300, p=[0.2, 0.7, 0.05, 0.05])
    words = shift_of(PLAN, before.astype(float), now.astype(float)).words
    assert words.startswith("share of '")
    assert "->" in words


def test_a_label_never_seen_before_is_found() -> None:
    before, now = np.zeros(4000), np.where(np.arange(300) < 60, 4.0, 0.0)
    found = shift_of(PLAN, before, now)
    assert found.p < 1e-20
    assert "(other)" in found.words or "basic" in found.words


def test_a_constant_column_that_stays_constant_is_no_shift() -> None:
    found = shift_of(NUMBER, np.full(1000, 7.0), np.full(200, 7.0))
    assert (found.effect, found.p) == (0.0, 1.0)


def test_a_constant_column_that_moves_is_found() -> None:
    found = shift_of(NUMBER, np.full(1000, 7.0), np.full(200, 8.0))
    assert found.p < 1e-20
    assert found.words == "median 7 -> 8"


def test_pooling_looks_at_the_reference_alone_and_leaves_missing_alone() -> None:
    before = np.array([500, 300, 3, 2, 0, 10])
    groups = pool(before, 300, ordered=False)
    assert groups[2] == groups[3] == groups[4]
    assert len({groups[0], groups[1], groups[2], groups[5]}) == 4


def test_neighbours_join_until_a_window_can_fill_them() -> None:
    before = np.array([*([50] * 20), 0])
    few, many = pool(before, 40, ordered=True), pool(before, 4000, ordered=True)
    assert few[:-1].max() + 1 <= 8
    assert many[:-1].max() + 1 == 10
    assert (np.diff(few[:-1]) >= 0).all()


def test_scores_are_rebuilt_from_their_quantiles() -> None:
    rng = np.random.default_rng(5)
    scores = rng.beta(2, 5, 3000)
    reference = score_profile(np.quantile(scores, np.linspace(0, 1, 101)).tolist(), 3000)
    assert abs(sum(reference.counts) - 3000) < 40
    effect, test = measure(reference, count_scores(reference, rng.beta(2, 5, 500)))
    assert effect < 0.05
    assert test.p > 1e-3
    moved, surely = measure(reference, count_scores(reference, rng.beta(3, 3, 500)))
    assert moved > 0.5
    assert surely.p < 1e-20


def test_scores_that_many_rows_share_keep_their_own_cell() -> None:
    reference = score_profile([0.3] * 101, 1000)
    effect, test = measure(reference, count_scores(reference, np.full(300, 0.3)))
    assert (effect, test.p) == (0.0, 1.0)
    for other in (0.2, 0.4):
        moved, _ = measure(reference, count_scores(reference, np.full(300, other)))
        assert moved > 1
