"""What candidates are ranked on: money wherever it is known."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from mainstay.errors import ProjectError
from mainstay.measures.money import Cost, Money
from mainstay.models import NEVER, Policy, Task, choose_yardstick
from mainstay.models.yardstick import Answers

BINARY = Task(kind="binary", target="churned", positive="Yes", negative="No")
AMOUNT = Task(kind="regression", target="demand")
KNOWN = Money(value=300, success_rate=0.3, action_cost=15)


@pytest.mark.parametrize(
    ("task", "money", "measure", "name"),
    [
        (BINARY, KNOWN, "", "money_per_1000"),
        (BINARY, Money(cost=Cost(fp=1, fn=5)), "", "money_per_1000"),
        (BINARY, Money(), "", "log_loss"),
        (BINARY, KNOWN, "roc_auc", "roc_auc"),
        (BINARY, Money(cost=Cost(under=3, over=1)), "", "log_loss"),
        (AMOUNT, Money(cost=Cost(under=3, over=1)), "", "money_per_1000"),
        (AMOUNT, KNOWN, "", "rmse"),
        (AMOUNT, Money(cost=Cost(under=0, over=0)), "", "rmse"),
    ],
)
def test_money_comes_first_where_it_speaks_of_this_kind_of_answer(
    task: Task, money: Money, measure: str, name: str
) -> None:
    stick = choose_yardstick(task, money, 0.2, measure)
    assert stick.name == name
    assert ("not money" in stick.words) == (name != "money_per_1000")
    assert stick.unit == ("EUR" if stick.in_money else "")


def test_a_measure_of_another_kind_is_refused() -> None:
    with pytest.raises(ProjectError, match="log_loss"):
        choose_yardstick(BINARY, Money(), 0.2, "rmse")


def test_money_is_per_thousand_records_against_taking_no_action() -> None:
    stick = choose_yardstick(BINARY, KNOWN, 0.5)
    truth, scores = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.1, 0.9, 0.1])
    acting = Answers(scores, Policy(task=BINARY, threshold=0.5))
    never = Answers(scores, Policy(task=BINARY, threshold=NEVER))
    assert stick.gains(truth, acting).tolist() == [75.0, 0.0, -15.0, 0.0]
    assert stick.estimate(truth, acting).value == 15_000
    assert stick.estimate(truth, never).value == 0
    assert stick.advantage(truth, never, acting).value == -15_000


def test_amounts_gain_against_planning_the_training_mean() -> None:
    stick = choose_yardstick(AMOUNT, Money(cost=Cost(under=3, over=1)), 10.0)
    truth, scores = np.array([12.0, 8.0]), np.array([11.0, 7.0])
    plain = Answers(scores, Policy(task=AMOUNT))
    padded = Answers(scores, Policy(task=AMOUNT, shift=1.0))
    mean = Answers(np.full(2, 10.0), Policy(task=AMOUNT))
    assert stick.gains(truth, mean).tolist() == [0.0, 0.0]
    assert stick.gains(truth, plain).tolist() == [6.0 - 3.0, 2.0 - 3.0]
    assert stick.gains(truth, padded).tolist() == [6.0, 2.0]


def test_a_policy_that_never_acts_survives_json() -> None:
    policy = Policy(task=BINARY, threshold=NEVER, action="call")
    again = msgspec.json.decode(msgspec.json.encode(policy), type=Policy)
    assert again == policy
    assert again.decide(1.0) == "none"
