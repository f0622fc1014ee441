"""Thresholds from costs, and what acting would need to pay."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mainstay.measures.money import Money, Stakes, gains, stakes
from mainstay.measures.thresholds import (
    best_threshold,
    break_even_table,
    choose_threshold,
    margin_table,
    planning_shift,
)

STAKE = Stakes(75.0, -15.0)


def judged(n: int, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    p = rng.beta(1, 3, n)
    return (rng.random(n) < p).astype(np.float64), p**power


def test_calibrated_scores_are_acted_on_from_the_break_even() -> None:
    found = choose_threshold(*judged(4000), STAKE)
    assert found.value == pytest.approx(1 / 6)
    assert "from the costs" in found.basis


def test_scores_that_mean_something_else_get_the_threshold_that_gains() -> None:
    truth, scores = judged(4000, power=3.0)  # says a hundredth where a fifth happens
    found = choose_threshold(truth, scores, STAKE)
    assert found.value == pytest.approx((1 / 6) ** 3, rel=0.9)
    acted = gains(truth > 0.5, scores >= found.value, STAKE).sum()
    assert acted > gains(truth > 0.5, scores >= 1 / 6, STAKE).sum()


@pytest.mark.parametrize(
    ("money", "threshold"),
    [
        (Money(value=10, action_cost=20), math.inf),
        (Money(value=10, action_cost=0), 0.0),
        (Money(value=0, action_cost=1), math.inf),
    ],
)
def test_costs_that_leave_no_choice(money: Money, threshold: float) -> None:
    stake = stakes(money)
    assert stake is not None
    assert choose_threshold(*judged(200), stake).value == threshold


def test_never_acting_is_the_best_threshold_where_acting_only_loses() -> None:
    assert best_threshold(np.zeros(50), np.linspace(0, 1, 50), STAKE) == (math.inf, 0.0)
    assert best_threshold(np.empty(0), np.empty(0), STAKE) == (math.inf, 0.0)


def test_the_break_even_table_says_what_would_pay() -> None:
    truth, scores = judged(5000)
    for row in break_even_table(truth, scores, (0.2, 0.5)):
        assert row.pays_above is not None
        acted = scores >= row.threshold
        for value, pays in ((row.pays_above * 1.01, True), (row.pays_above * 0.99, False)):
            stake = stakes(Money(value=value, action_cost=1.0))
            assert stake is not None
            assert (gains(truth > 0.5, acted, stake).sum() > 0) == pays
    nobody = break_even_table(truth, scores, (1.1,))[0]
    assert (nobody.precision, nobody.pays_above, nobody.acted) == (None, None, 0.0)


def test_the_newsvendor_plans_the_quantile_that_costs_least() -> None:
    residuals = np.random.default_rng(1).gamma(2, 30, 5000)
    shift = planning_shift(residuals, 3.0, 1.0)

    def cost(planned: float) -> float:
        gap = residuals - planned
        return float(np.where(gap > 0, 3 * gap, -gap).mean())

    assert all(cost(shift) <= cost(shift + step) + 1e-9 for step in (-20, -5, 5, 20))
    even = next(row for row in margin_table(residuals) if row.ratio == 1)
    assert even.covered == pytest.approx(0.5, abs=0.01)
