"""What changes between two versions: counted right, tested in pairs, told without telling who."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.contract import Category, Contract, Number
from mainstay.evaluation.difference import CHANGED, Pair, tell_apart
from mainstay.evaluation.traits import traits_of
from mainstay.measures.money import Cost, Money
from mainstay.models import Policy, Task, choose_yardstick
from mainstay.models.yardstick import Answers
from mainstay.render.numbers import amount

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")
POLICY = Policy(task=TASK, action="offer", threshold=0.5)
MONEY = Money(value=100, action_cost=10)
N = 1000


def nobody(_: int) -> tuple[tuple[str, str], ...]:
    return ()


def pair(mine: Floats, theirs: Floats, truth: Floats, money: Money = MONEY) -> Pair:
    stick = choose_yardstick(TASK, money, 0.3)
    return Pair(truth, Answers(mine, POLICY), Answers(theirs, POLICY), None, stick, 7)


@pytest.fixture(scope="module")
def apart() -> Pair:
    rng = np.random.default_rng(4)
    truth = (rng.random(N) < 0.5).astype(np.float64)
    theirs = np.clip(0.5 + 0.2 * (truth - 0.5) + rng.normal(0, 0.2, N), 0.01, 0.99)
    mine = theirs.copy()
    mine[:100] = np.where(truth[:100] > 0.5, 0.9, 0.1)  # the first hundred are now answered rightly
    return pair(mine, theirs, truth)


def test_the_share_of_decisions_that_change_is_counted_and_priced(apart: Pair) -> None:
    found = tell_apart(apart, {}, nobody, 50).changed
    wrong_before = (apart.theirs.scores[:100] >= 0.5) != (apart.truth[:100] > 0.5)
    assert found.value == pytest.approx(wrong_before.sum() / N)
    assert found.interval is not None
    assert found.value is not None
    assert found.interval.low < found.value < found.interval.high
    gained = np.where(apart.truth[:100][wrong_before] > 0.5, 90, 10).sum()  # a hit is worth 90, a miss avoided 10
    assert f"worth {amount(float(gained), 'EUR')} per 1 000 records" in found.note  # of a thousand records
    assert (found.measure, found.n, found.group) == (CHANGED, N, "difference")


def test_it_is_told_by_segment_and_by_score(apart: Pair) -> None:
    first = np.where(np.arange(N) < 100, "first", "rest")
    found = tell_apart(apart, {"part": first, "rare": np.where(np.arange(N) < 9, "x", "y")}, nobody, 50)
    by = {one.where: one.value for one in found.segments}
    assert by["part=rest"] == 0
    assert by["part=first"] is not None
    assert by["part=first"] > 0.1
    assert "rare=x" not in by
    assert len(found.bands) == 5
    assert sum(one.n for one in found.bands) == N


def test_paired_tests_say_who_is_better(apart: Pair) -> None:
    tests = {one.measure: one for one in tell_apart(apart, {}, nobody, 50).tests}
    assert set(tests) == {"right_decisions", "roc_auc", "money_per_1000"}
    for one in tests.values():
        assert one.interval is not None
        assert one.interval.low > 0
        assert one.where == "over champion"
    assert "worse on 0" in tests["right_decisions"].note
    assert "DeLong" in tests["roc_auc"].note
    without = pair(apart.mine.scores, apart.theirs.scores, apart.truth, Money())
    assert {one.measure for one in tell_apart(without, {}, nobody, 50).tests} == {"right_decisions", "roc_auc"}


def test_those_that_moved_furthest_are_shown_both_ways(apart: Pair) -> None:
    movers = tell_apart(apart, {}, nobody, 50).movers
    assert [one.after > one.before for one in movers] == [True] * 3 + [False] * 3
    assert all(one.decided != one.decided_before for one in movers)
    assert {(one.decided, one.truth) for one in movers} == {("offer", "Yes"), ("none", "No")}


def test_equal_answers_change_nothing(apart: Pair) -> None:
    same = tell_apart(pair(apart.mine.scores, apart.mine.scores, apart.truth), {}, nobody, 50)
    assert same.changed.value == 0
    assert same.movers == ()
    assert all(one.value == 0 for one in same.tests)


def test_amounts_change_where_they_move_by_a_tenth_of_the_spread() -> None:
    task = Task(kind="regression", target="demand")
    rng = np.random.default_rng(1)
    truth = rng.normal(100, 20, N)
    theirs = truth + rng.normal(0, 5, N)
    mine = theirs + np.where(np.arange(N) < 300, 3.0, 0.5)
    stick = choose_yardstick(task, Money(cost=Cost(under=2, over=1)), 100.0)
    policy = Policy(task=task)
    answers = Pair(truth, Answers(mine, policy), Answers(theirs, policy), None, stick, 7)
    found = tell_apart(answers, {}, nobody, 50)
    assert found.changed.value == pytest.approx(0.3)
    assert found.changed.note.startswith("300 up, 0 down; worth")
    assert [one.measure for one in found.tests] == ["money_per_1000"]


def test_a_row_is_told_by_bands_and_common_labels_and_never_by_what_is_personal() -> None:
    inputs = Contract(
        (
            Number(name="income"),
            Number(name="phone", personal=True),
            Category(name="city", values=("Rome", "Elba")),
            Number(name="fixed"),
            Number(name="gap", missing="allow"),
        )
    )
    learned = np.column_stack(
        [np.arange(100.0), np.arange(100.0), np.arange(100) >= 95, np.full(100, 3.0), np.full(100, np.nan)]
    )
    rows = np.array([[47.3, 5, 0, 3.0, np.nan], [-9, 5, 1, 4.0, 1.0], [1e9, 5, 2, 3.0, 1.0]])
    tell = traits_of(inputs, learned, rows, ("phone", "income", "city", "fixed", "gap", "gone"))
    assert tell(0) == (("income", "39.6 to 59.4"), ("city", "Rome"), ("fixed", "as most"), ("gap", "missing"))
    rare = (("income", "below 19.8"), ("city", "a rare label"), ("fixed", "unlike most"), ("gap", "unlike most"))
    assert tell(1) == rare
    assert tell(2)[:2] == (("income", "79.2 and above"), ("city", "a rare label"))
    assert "47.3" not in str(tell(0))


def test_of_several_classes_the_steps_from_label_to_label_are_told() -> None:
    task = Task(kind="multiclass", target="size", labels=("low", "medium", "high"))
    truth = np.repeat([0.0, 1.0, 2.0], 100)
    theirs = np.tile([0.6, 0.3, 0.1], (300, 1))
    mine = np.eye(3)[truth.astype(int)] * 0.7 + 0.1
    policy = Policy(task=task)
    stick = choose_yardstick(task, Money(), 0.34)
    found = tell_apart(Pair(truth, Answers(mine, policy), Answers(theirs, policy), None, stick, 7), {}, nobody, 50)
    assert found.changed.value == pytest.approx(2 / 3)
    assert found.changed.note == "low to medium 100, low to high 100."
    assert [one.measure for one in found.tests] == ["accuracy"]
    assert {(one.decided_before, one.decided, one.truth) for one in found.movers} >= {("low", "high", "high")}
    assert all(one.before in {0.1, 0.3, 0.6} for one in found.movers)
