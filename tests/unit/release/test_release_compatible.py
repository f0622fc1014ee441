from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Text
from mainstay.contract.columns import Tensor
from mainstay.contract.rules import Rule
from mainstay.release import differences

if TYPE_CHECKING:
    from mainstay.contract.columns import AnyColumn

YES = Boolean(name="x", true="Yes", false="No")
LABELS = Category(name="x", values=("a", "b"), unknown="reject")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Integer(name="x", min=0, max=9), Integer(name="x", min=-1, max=10)),
        (Integer(name="x", min=0, max=9), Number(name="x")),
        (Integer(name="x", min=0, max=9), Integer(name="x", min=5, max=6, outside="clip")),
        (Integer(name="x"), Integer(name="x", missing="allow")),
        (LABELS, Category(name="x", values=("c",))),
        (LABELS, Category(name="x", values=("b", "c", "a"), unknown="reject")),
        (YES, Boolean(name="x", true="Yes", false="No")),
        (Integer(name="x"), Integer(name="y", missing="impute")),
        (Integer(name="x"), Text(name="y", role="ignored")),
        (Integer(name="x"), Text(name="y", role="id")),
    ],
)
def test_a_newcomer_that_accepts_as_much_is_no_difference(old: AnyColumn, new: AnyColumn) -> None:
    assert differences(Contract((old,)), Contract((old,))) == ()
    assert differences(Contract((old,)), Contract((new,))) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (Integer(name="x"), Integer(name="y"), "'y' is needed, and callers don't send it yet"),
        (Integer(name="x", role="ignored"), Integer(name="x"), "'x' is needed, and callers don't send it yet"),
        (Integer(name="x", missing="allow"), Integer(name="x"), "'x' may not be missing any more"),
        (Integer(name="x", missing="impute", fill=1), Integer(name="x"), "'x' may not be missing any more"),
        (Number(name="x"), Integer(name="x"), "'x' was number and is integer now"),
        (LABELS, YES, "'x' was category and is boolean now"),
        (Integer(name="x", min=0), Integer(name="x", min=1), "'x' may not be below 1 any more"),
        (Integer(name="x", max=9), Number(name="x", max=8.5), "'x' may not be above 8.5 any more"),
        (Number(name="x", max=9, outside="flag"), Number(name="x", max=9), "'x' may not be above 9 any more"),
        (LABELS, Category(name="x", values=("a",), unknown="reject"), "'x' may not be 'b' any more"),
        (Category(name="x", values=("a",)), LABELS, "'x' may not be an unknown label any more"),
        (Category(name="x", values=("1",)), Category(name="x", values=("one",)), "'x' may not be a number any more"),
        (YES, Boolean(name="x", true="No", false="Yes"), "'x' was spelt 'Yes' or 'No' and is spelt 'No' or 'Yes' now"),
        (Text(name="x", role="id"), Integer(name="x", role="id"), "'x' was text and is integer now"),
    ],
)
def test_what_callers_would_notice_is_named(old: AnyColumn, new: AnyColumn, said: str) -> None:
    assert differences(Contract((old,)), Contract((new,))) == (said,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            Integer(name="x", malformed="allow"),
            Integer(name="x"),
            "'x' may not hold a value of another kind than integer any more",
        ),
        (Text(name="x"), Text(name="x", min_length=2), "'x' may not be shorter than 2 characters any more"),
        (Text(name="x"), Text(name="x", max_length=9), "'x' may not be longer than 9 characters any more"),
        (Text(name="x", pattern="[ab]+"), Text(name="x", pattern="a+"), "'x' must be of the form a+ now"),
        (Datetime(name="x"), Datetime(name="x", min="2026-01-01"), "'x' may not be before 2026-01-01 any more"),
        (Datetime(name="x"), Datetime(name="x", format="%Y"), "'x' was spelt as ISO 8601 and is spelt %Y now"),
        (
            Tensor(name="x", shape=(2,)),
            Tensor(name="x", shape=(3,)),
            "'x' was float32 of shape (2,) and is float32 of shape (3,) now",
        ),
        (Tensor(name="x", shape=(2,)), Tensor(name="x", shape=(2,), min=0.0), "'x' may not be below 0.0 any more"),
        (
            Category(name="x", values=("a",), unknown="fallback"),
            Category(name="x", values=("a",), unknown="reject"),
            "'x' may not be an unknown label any more",
        ),
    ],
)
def test_each_kind_says_what_it_takes_no_longer(old: AnyColumn, new: AnyColumn, said: str) -> None:
    assert differences(Contract((old,)), Contract((new,))) == (said,)
    assert differences(Contract((new,)), Contract((new,))) == ()


def test_a_rule_that_callers_were_not_held_to_is_a_difference() -> None:
    columns = (Integer(name="x"), Integer(name="y"))
    rule = Rule(name="order", holds="x <= y")
    ruled = Contract(columns, (rule,))
    assert differences(Contract(columns), ruled) == ("the rule 'order' must hold now (x <= y)",)
    assert differences(ruled, ruled) == differences(ruled, Contract(columns)) == ()
    flagged = Contract(columns, (Rule(name="order", holds="x <= y", otherwise="flag"),))
    assert differences(Contract(columns), flagged) == ()
