"""Money by what it depends on: the numbers, and what their intervals really cover, the chosen policy included."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.measures.intervals import Estimate, skewed_mean_estimate
from mainstay.measures.money import Stakes, expected_gain, gains
from mainstay.measures.returns import gain_at_share, ratio_advantage, ratio_estimate, turning_point
from mainstay.measures.thresholds import choose_margin, choose_threshold, pace_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS = 800


@dataclass(frozen=True)
class World:
    """Rows of a world whose truth is known: scores a little too sure, stakes that grow with the amount."""

    truth: Floats
    scores: Floats
    stake: Stakes

    @property
    def gained(self) -> Floats:
        return np.where(self.truth > 0.5, self.stake.hit, self.stake.miss)

    @property
    def expected(self) -> Floats:
        return np.asarray(expected_gain(self.scores, self.stake))


def draw(rng: np.random.Generator, n: int = ROWS, *, alike: bool = False) -> World:
    x = rng.normal(-1.2, 1.2, n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(np.float64)
    amount = np.full(n, 60.0) if alike else np.exp(rng.normal(3.5, 0.9, n))
    return World(truth, 1 / (1 + np.exp(-1.15 * x)), Stakes(0.9 * amount - 8.0, np.full(n, -8.0)))


@dataclass(frozen=True)
class Ranking:
    """The true mean gain of acting on everything ranked above a cut, looked up."""

    cuts: Floats
    gained: Floats

    @staticmethod
    def of(ranked: Floats, gained: Floats) -> Ranking:
        order = np.argsort(-ranked)
        return Ranking(ranked[order][::-1], np.cumsum(gained[order])[::-1] / ranked.size)

    def above(self, cut: float) -> float:
        place = np.searchsorted(self.cuts, cut)
        return 0.0 if place >= self.cuts.size else float(self.gained[place])


BIG = draw(np.random.default_rng(0), 1_000_000)
BIG_ALIKE = draw(np.random.default_rng(0), 1_000_000, alike=True)
BY_GAIN = Ranking.of(BIG.expected, BIG.gained)
BY_SCORE = Ranking.of(BIG_ALIKE.scores, BIG_ALIKE.gained)


def chosen_threshold(rng: np.random.Generator) -> tuple[Estimate, float]:
    """Choose on some rows, measure on others: the interval is for what this very policy is worth."""
    train, test = draw(rng, alike=True), draw(rng, alike=True)
    stake = Stakes(46.0, -8.0)
    cut = choose_threshold(train.truth, train.scores, stake).value
    return skewed_mean_estimate(gains(test.truth > 0.5, test.scores >= cut, stake)), BY_SCORE.above(cut)


def chosen_margin(rng: np.random.Generator) -> tuple[Estimate, float]:
    train, test = draw(rng), draw(rng)
    cut = choose_margin(train.truth, train.expected, train.stake).value
    return skewed_mean_estimate(gains(test.truth > 0.5, test.expected > cut, test.stake)), BY_GAIN.above(cut)


def at_capacity(rng: np.random.Generator) -> tuple[Estimate, float]:
    """Keep to a pace that was learned on other rows."""
    train, test = draw(rng), draw(rng)
    pace = pace_of(train.expected, 0.1)
    return skewed_mean_estimate(gains(test.truth > 0.5, test.expected >= pace, test.stake)), BY_GAIN.above(pace)


def best_tenth(rng: np.random.Generator) -> tuple[Estimate, float]:
    test = draw(rng)
    return gain_at_share(test.gained, test.expected, 0.1), _TENTH


def return_on_actions(rng: np.random.Generator) -> tuple[Estimate, float]:
    test = draw(rng)
    acted = test.expected > 0
    return ratio_estimate(acted * test.gained, np.asarray(acted * 8.0)), _RETURN


def value_turns(rng: np.random.Generator) -> tuple[Estimate, float]:
    test = draw(rng)
    acted = test.expected > 0
    without = np.where(acted, -8.0, 0.0)
    return turning_point(without, np.where(acted, test.gained, 0.0) - without), _TURNS


_TENTH = gain_at_share(BIG.gained, BIG.expected, 0.1).value
_ACTED = BIG.expected > 0
_RETURN = float(np.mean(_ACTED * BIG.gained) / np.mean(_ACTED * 8.0))
_TURNS = float(np.mean(_ACTED * 8.0) / np.mean(_ACTED * (BIG.gained + 8.0)))
CASES = (chosen_threshold, chosen_margin, at_capacity, best_tenth, return_on_actions, value_turns)


def coverage(case: Callable[[np.random.Generator], tuple[Estimate, float]], runs: int) -> float:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(runs):
        found, truly = case(rng)
        assert found.interval is not None
        held += found.interval.low <= truly <= found.interval.high
    return held / runs


@pytest.mark.parametrize("case", CASES)
def test_intervals_of_money_cover_what_they_say(
    case: Callable[[np.random.Generator], tuple[Estimate, float]],
) -> None:
    # What chance does to a share of 300 runs in one case of a thousand, and one point for skewed amounts.
    assert coverage(case, 300) == pytest.approx(0.95, abs=0.01 + 3.3 * math.sqrt(0.95 * 0.05 / 300))


@pytest.mark.full
@pytest.mark.parametrize("case", CASES)
def test_intervals_of_money_cover_what_they_say_in_a_thousand_runs(
    case: Callable[[np.random.Generator], tuple[Estimate, float]],
) -> None:
    assert coverage(case, 1000) == pytest.approx(0.95, abs=0.02)


def test_acting_on_everything_and_on_nothing() -> None:
    gained, ranked = np.array([3.0, -1.0, 2.0]), np.array([0.9, 0.2, 0.5])
    assert gain_at_share(gained, ranked, 1.0).value == pytest.approx(np.mean(gained))
    assert gain_at_share(gained, ranked, 0.0).value == 0.0


def test_records_of_one_rank_count_in_part() -> None:
    gained = np.array([4.0, 0.0, 0.0, 0.0])
    assert gain_at_share(gained, np.full(4, 0.5), 0.5).value == pytest.approx(0.5)


def test_nothing_turns_a_gain_that_no_factor_moves() -> None:
    assert math.isnan(turning_point(np.array([2.0, 2.0]), np.array([1.0, 1.0])).value)
    assert math.isnan(turning_point(np.array([2.0, 2.0]), np.zeros(2)).value)


def test_ratios_are_compared_on_the_same_rows() -> None:
    rng = np.random.default_rng(1)
    spent, gained = np.ones(500), rng.normal(2, 1, 500)
    ahead = ratio_advantage((gained + 0.5, spent), (gained, spent))
    assert ahead.value == pytest.approx(0.5)
    assert ahead.error == pytest.approx(0.0, abs=1e-12)  # what makes a row good for both cancels
    assert math.isnan(ratio_advantage((gained, spent * 0), (gained, spent)).value)


def test_a_margin_is_only_used_on_evidence() -> None:
    rng = np.random.default_rng(6)
    sound = draw(rng, 4000)
    assert choose_margin(sound.truth, sound.expected, sound.stake).value == 0.0
    # Scores three times too high: acting where they say it pays loses.
    wrong = np.minimum(3 * sound.scores, 1.0)
    found = choose_margin(sound.truth, np.asarray(expected_gain(wrong, sound.stake)), sound.stake)
    assert found.value > 0
    assert "above" in found.basis
