"""Gaps between groups: they cover what they say, and equal groups are rarely called unequal."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.measures.disparity import larger_gap, lowest_ratio, widest_gap
from mainstay.measures.intervals import Estimate, mean_estimate, proportion_estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    Measured = Callable[[float], Estimate]


def shares(rng: np.random.Generator, sizes: tuple[int, ...], rates: tuple[float, ...]) -> list[Measured]:
    drawn = [(rng.random(n) < rate).astype(np.float64) for n, rate in zip(sizes, rates, strict=True)]
    return [partial(_share, hits) for hits in drawn]


def _share(hits: np.ndarray, level: float) -> Estimate:
    return proportion_estimate(hits, np.ones(hits.size), level=level)


def _mean(values: np.ndarray, level: float) -> Estimate:
    return mean_estimate(values, level=level)


def coverage(runs: int, sizes: tuple[int, ...], rates: tuple[float, ...], *, ratio: bool = False) -> float:
    rng, held = np.random.default_rng(1), 0
    truly = min(rates) / max(rates) if ratio else max(rates) - min(rates)
    for _ in range(runs):
        found = (lowest_ratio if ratio else widest_gap)(shares(rng, sizes, rates))
        assert found.interval is not None
        held += found.interval.low - 1e-12 <= truly <= found.interval.high + 1e-12
    return held / runs


TWO = [((60, 60), (0.3, 0.55)), ((40, 300), (0.1, 0.3)), ((400, 900), (0.2, 0.3)), ((80, 80), (0.5, 0.5))]
SEVERAL = [((60, 80, 200), (0.2, 0.3, 0.5)), ((100, 100, 100, 100, 100), (0.3,) * 5), ((50,) * 4, (0.1, 0.1, 0.1, 0.4))]


@pytest.mark.parametrize(("sizes", "rates"), TWO)
def test_the_gap_of_two_groups_covers_what_it_says(sizes: tuple[int, ...], rates: tuple[float, ...]) -> None:
    assert coverage(400, sizes, rates) == pytest.approx(0.95, abs=0.02 + 3.3 * math.sqrt(0.95 * 0.05 / 400))


@pytest.mark.full
@pytest.mark.parametrize(("sizes", "rates"), TWO)
def test_the_gap_of_two_groups_covers_what_it_says_in_thousands_of_runs(
    sizes: tuple[int, ...], rates: tuple[float, ...]
) -> None:
    assert coverage(4000, sizes, rates) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("sizes", "rates"), SEVERAL)
def test_the_widest_of_several_gaps_is_covered_at_least_as_often(
    sizes: tuple[int, ...], rates: tuple[float, ...]
) -> None:
    assert coverage(300, sizes, rates) >= 0.95 - 3.3 * math.sqrt(0.95 * 0.05 / 300)


@pytest.mark.full
@pytest.mark.parametrize(("sizes", "rates"), SEVERAL)
def test_the_widest_of_several_gaps_is_covered_at_least_as_often_in_thousands_of_runs(
    sizes: tuple[int, ...], rates: tuple[float, ...]
) -> None:
    assert coverage(2000, sizes, rates) >= 0.95 - 0.01


@pytest.mark.parametrize(("sizes", "rates"), [((80, 80), (0.3, 0.5)), ((300, 900), (0.1, 0.3))])
def test_the_ratio_of_two_groups_is_covered(sizes: tuple[int, ...], rates: tuple[float, ...]) -> None:
    assert coverage(400, sizes, rates, ratio=True) == pytest.approx(0.955, abs=0.025 + 3.3 * math.sqrt(0.0475 / 400))


@pytest.mark.parametrize("groups", [2, 5])
def test_equal_groups_are_rarely_called_unequal(groups: int) -> None:
    rng, false = np.random.default_rng(2), 0
    for _ in range(300):
        gap = widest_gap(shares(rng, (120,) * groups, (0.25,) * groups)).interval
        assert gap is not None
        false += gap.low > 0
    assert false / 300 <= 0.05 + 3.3 * math.sqrt(0.05 * 0.95 / 300)


@pytest.mark.full
@pytest.mark.parametrize("groups", [2, 3, 5, 8])
def test_equal_groups_are_rarely_called_unequal_in_thousands_of_runs(groups: int) -> None:
    rng, false = np.random.default_rng(3), 0
    for _ in range(3000):
        gap = widest_gap(shares(rng, (120,) * groups, (0.25,) * groups)).interval
        assert gap is not None
        false += gap.low > 0
    assert false / 3000 <= 0.06


def test_means_of_skewed_amounts_have_gaps_too() -> None:
    rng, held = np.random.default_rng(4), 0
    for _ in range(400):
        values = [rng.gamma(2, 10, 80), rng.gamma(2, 10, 200) + 5]
        found = widest_gap([partial(_mean, one) for one in values]).interval
        assert found is not None
        held += found.low <= 5 <= found.high
    assert held / 400 == pytest.approx(0.95, abs=0.02 + 3.3 * math.sqrt(0.95 * 0.05 / 400))


def test_equalised_odds_is_the_larger_gap() -> None:
    rng = np.random.default_rng(5)
    near, far = shares(rng, (300, 300), (0.5, 0.5)), shares(rng, (300, 300), (0.2, 0.7))
    assert larger_gap(near, far).value == widest_gap(far).value
    wide = larger_gap(near, far).interval
    narrow = widest_gap(far).interval
    assert wide is not None
    assert narrow is not None
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high


def test_a_group_of_nobody_is_left_out_and_one_alone_has_no_gap() -> None:
    rng = np.random.default_rng(6)
    some = shares(rng, (50, 60), (0.2, 0.6))
    empty = partial(_share, np.empty(0))
    assert widest_gap([*some, empty]) == widest_gap(some)
    assert math.isnan(widest_gap([some[0], empty]).value)
    assert lowest_ratio([some[0]]).interval is None


def test_nobody_selected_in_one_group_is_a_ratio_near_zero_with_an_interval() -> None:
    rng = np.random.default_rng(7)
    found = lowest_ratio([partial(_share, np.zeros(40)), *shares(rng, (200,), (0.4,))])
    assert found.value < 1e-6
    assert found.interval is not None
    assert 0.05 < found.interval.high < 0.6
