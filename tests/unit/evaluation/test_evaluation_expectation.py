"""How far single records are spread, held against draws of the very experiment."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.evaluation.expectation import outcome_spread
from mainstay.evaluation.held_out import HeldOut
from mainstay.measures.money import Cost, Money
from mainstay.models import Policy, Task, choose_yardstick
from mainstay.models.yardstick import Answers

TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")
N = 4000


def held(money: Money, seed: int = 3) -> HeldOut:
    rng = np.random.default_rng(seed)
    truth = (rng.random(N) < 0.3).astype(np.float64)
    scores = np.clip(0.3 + 0.3 * (truth - 0.3) + rng.normal(0, 0.2, N), 0, 1)
    mine = Answers(scores, Policy(task=TASK, threshold=0.35))
    return HeldOut(np.empty((N, 0)), truth, None, "linear", {"linear": mine}, choose_yardstick(TASK, money, 0.3), 1)


def test_it_is_that_of_drawn_outcomes_where_actions_work_by_chance() -> None:
    rows = held(Money(value=300, success_rate=0.4, action_cost=15))
    spread = outcome_spread(rows)
    assert spread is not None
    rng = np.random.default_rng(8)
    works = rng.random((200, N)) < 0.4
    acted, positive = rows.mine.acted, rows.truth > 0.5
    drawn = np.where(positive & ~(acted & works), -300.0, 0.0) - np.where(acted, 15.0, 0.0)
    assert spread.with_model == pytest.approx(drawn.std(), rel=0.02)
    assert spread.without == pytest.approx(np.where(positive, -300.0, 0.0).std())


def test_cells_say_it_where_they_are_given() -> None:
    spread = outcome_spread(held(Money(cost=Cost(tp=1, fp=2, fn=10))))
    assert spread is not None
    assert 0 < spread.with_model < spread.without


def test_amounts_and_unknown_money() -> None:
    assert outcome_spread(held(Money())) is None
    task = Task(kind="regression", target="demand")
    truth = np.arange(100.0)
    mine = Answers(truth + 1, Policy(task=task))
    stick = choose_yardstick(task, Money(cost=Cost(under=2, over=1)), 50.0)
    rows = HeldOut(np.empty((100, 0)), truth, None, "linear", {"linear": mine}, stick, 1)
    spread = outcome_spread(rows)
    assert spread is not None
    assert spread.with_model == pytest.approx(0)  # always one too much
    assert spread.without > 10
