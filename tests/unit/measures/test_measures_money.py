"""Money: two amounts decide everything, and acting pays above the break-even probability."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.measures.money import Cost, Money, Stakes, break_even, gains, planning_costs, stakes


def test_the_design_sample_breaks_even_at_one_sixth() -> None:
    stake = stakes(Money(value=300, success_rate=0.3, action_cost=15))
    assert stake == Stakes(75.0, -15.0)
    assert break_even(Stakes(75.0, -15.0)) == pytest.approx(15 / (0.3 * 300))


def test_cells_of_the_cost_matrix_give_the_same_algebra() -> None:
    # german-credit: refusing a good customer costs 1, accepting a bad one costs 5
    stake = stakes(Money(cost=Cost(fp=1, fn=5)))
    assert stake == Stakes(5.0, -1.0)
    assert break_even(Stakes(5.0, -1.0)) == pytest.approx(1 / 6)


def test_unknown_money_is_none_and_not_zero() -> None:
    assert stakes(Money()) is None
    assert not Money().known


@pytest.mark.parametrize(
    ("stake", "expected"), [(Stakes(-1, -1), float("inf")), (Stakes(1, 1), 0.0), (Stakes(0, -1), float("inf"))]
)
def test_the_edges_of_break_even(stake: Stakes, expected: float) -> None:
    assert break_even(stake) == expected


def test_gains_count_only_records_acted_on() -> None:
    positive = np.array([True, True, False, False])
    acted = np.array([True, False, True, False])
    assert gains(positive, acted, Stakes(75, -15)).tolist() == [75, 0, -15, 0]


def test_planning_too_little_and_too_much_cost_differently() -> None:
    costs = planning_costs(np.array([10.0, 10.0]), np.array([8.0, 13.0]), Cost(under=2, over=1))
    assert costs.tolist() == [4.0, 3.0]
