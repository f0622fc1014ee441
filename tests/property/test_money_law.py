"""The law of amounts: a record and its row of a table are worth, and decided on, the same to the bit."""

from __future__ import annotations

import datetime as dt
import math
import struct
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number
from mainstay.measures.amounts import UNSAID, Amounts, can_be_meant, usable
from mainstay.measures.money import Cost, Money, Stakes, amounts_of, break_even, expected_gain
from mainstay.measures.thresholds import LEVELS, pace_of, planning_shift, weighted_quantiles
from mainstay.models import Policy, Task
from mainstay.models.pricing import Pricing, learn_pricing

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

CONTRACT = Contract(
    (
        Number(name="amount", missing="allow"),
        Number(name="*", missing="allow"),
        Integer(name="months", missing="allow"),
        Boolean(name="new", missing="allow"),
        Category(name="plan", values=("a", "b"), missing="allow"),
        Datetime(name="at", missing="allow"),
    )
)
BINARY = Task(kind="binary", target="bad", positive="Yes", negative="No")
PLANNED = Task(kind="regression", target="orders")
TEXTS = (
    "amount",
    "12 * amount",
    "amount / months",
    "max(0, amount - `*`)",
    "min(amount, 500) + 3",
    "at / 1e6",
    "abs(amount) % 7",
    "amount * 0.1 + months * 2.5",
)
floats = st.sampled_from([0.0, -0.0, 0.1, 3.0, 1e308, -5.0, 1e-300]) | st.floats(0, 1e6) | st.floats(allow_nan=False)
moments = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - hypothesis wants them so
records = st.fixed_dictionaries(
    {
        "amount": st.none() | floats,
        "*": st.none() | floats,
        "months": st.none() | st.integers(-3, 100),
        "new": st.none() | st.booleans(),
        "plan": st.none() | st.sampled_from(["a", "b"]),
        "at": st.none() | moments,
    }
)
STORED: dict[str, pl.DataType | type[pl.DataType]] = {
    "amount": pl.Float64,
    "*": pl.Float64,
    "months": pl.Int64,
    "new": pl.Boolean,
    "plan": pl.String,
    "at": pl.Datetime("us", "UTC"),
}


@st.composite
def moneys(draw: DrawFn) -> Money:
    amount = st.sampled_from(TEXTS) | st.floats(0, 1e5)
    if draw(st.booleans()):
        return Money(value=draw(st.sampled_from(TEXTS)), success_rate=draw(st.floats(0, 1)), action_cost=draw(amount))
    return Money(cost=Cost(fn=draw(st.sampled_from(TEXTS)), fp=draw(amount), tp=draw(st.none() | amount)))


def pricing_of(money: Money) -> Pricing:
    """Make one whose means were learned on rows that can all be worked out."""
    rows = {"amount": [10.0, 20.0], "*": [1.0, 2.0], "months": [3, 6], "new": [True, False], "plan": ["a", "b"],
            "at": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 2}  # fmt: skip
    found = learn_pricing(money, CONTRACT, pl.DataFrame(rows, schema=STORED))
    assert found is not None
    return found


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


@settings(max_examples=150, deadline=None)
@given(moneys(), st.lists(records, min_size=1, max_size=8), st.data())
def test_a_record_is_worth_and_decided_on_what_its_row_is(money: Money, rows: list[dict], data: st.DataObject) -> None:  # type: ignore[type-arg]
    pricing = pricing_of(money)
    priced = pricing.of_table(pl.DataFrame(rows, schema=STORED))
    scores = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(rows), max_size=len(rows))))
    pace = data.draw(st.none() | st.floats(-10, 1000))
    policy = Policy(task=BINARY, pricing=pricing, margin=data.draw(st.floats(0, 50)), pace=pace)
    acts = policy.acts(scores, priced.amounts)
    for place, record in enumerate(rows):
        amounts, stood_in = pricing.of_record(record)
        for name in pricing.means:
            of_table = getattr(priced.amounts, name)[place]
            assert bits(getattr(amounts, name)) == bits(of_table), (name, record)
            assert (name in stood_in) == bool(priced.stood_in[name][place])
        assert (policy.decide(float(scores[place]), record) == "act") == bool(acts[place])
        decision, warnings = policy.settle(float(scores[place]), record)
        assert decision == policy.decide(float(scores[place]), record)
        assert len(warnings) == len(stood_in)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 2), st.none() | st.floats(0, 1))
def test_where_amounts_are_the_same_a_table_is_decided_on_as_its_records_are(
    scores: list[float], threshold: float, pace: float | None
) -> None:
    policy = Policy(task=BINARY, threshold=threshold, pace=pace)
    acts = policy.acts(np.array(scores), UNSAID)
    assert [policy.decide(score) == "act" for score in scores] == acts.tolist()
    assert policy.settle(scores[0], {}) == (policy.decide(scores[0]), ())


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.lists(records, min_size=1, max_size=8))
def test_a_record_is_planned_for_as_its_row_is(under: str, over: str, rows: list[dict]) -> None:  # type: ignore[type-arg]
    pricing = pricing_of(Money(cost=Cost(under=under, over=over)))
    quantiles = tuple(np.sort(np.random.default_rng(3).normal(size=len(LEVELS))).tolist())
    policy = Policy(task=PLANNED, pricing=pricing, shift=0.3, quantiles=quantiles)
    amounts = pricing.of_table(pl.DataFrame(rows, schema=STORED)).amounts
    planned = policy.plans(np.full(len(rows), 7.0), amounts)
    for place, record in enumerate(rows):
        decided = policy.decide(7.0, record)
        assert isinstance(decided, float)
        assert bits(decided) == bits(planned[place])


@given(st.sampled_from(["value", "success_rate", "fn", "under"]), st.floats())
def test_one_amount_can_be_meant_exactly_where_many_can(name: str, amount: float) -> None:
    assert can_be_meant(name, amount) == bool(usable(name, np.array([amount]))[0])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-100, 100), st.floats(-100, 0))
def test_a_surer_record_is_never_worth_less_to_act_on(a: float, b: float, hit: float, miss: float) -> None:
    low, high = sorted((a, b))
    stake = Stakes(max(hit, miss), miss)
    less, more = expected_gain(low, stake), expected_gain(high, stake)
    assert float(less) <= float(more) + 1e-9


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(1, 5))
def test_acting_pays_later_the_dearer_a_mistake(hit: float, loss: float, factor: float) -> None:
    assert break_even(Stakes(hit, -loss)) <= break_even(Stakes(hit, -factor * loss)) + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.01, 1))
def test_the_pace_never_lets_more_be_acted_on_than_there_is_capacity_for(ranked: list[float], share: float) -> None:
    scores = np.array(ranked)
    pace = pace_of(scores, share)
    assert np.mean(scores >= pace) <= share + 1e-9
    more = pace_of(scores, min(1.0, share * 1.5))
    assert more <= pace


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.data())
def test_the_shift_of_costs_that_differ_costs_least_of_all(residuals: list[float], data: st.DataObject) -> None:
    gaps = np.array(residuals)
    many = st.lists(st.floats(0.1, 9), min_size=len(residuals), max_size=len(residuals))
    under, over = np.array(data.draw(many)), np.array(data.draw(many))

    def cost(shift: float) -> float:
        return float(np.sum(np.where(gaps > shift, (gaps - shift) * under, (shift - gaps) * over)))

    best = min(cost(shift) for shift in gaps)
    assert cost(planning_shift(gaps, under, over)) <= best * (1 + 1e-9) + 1e-9


def test_weighted_quantiles_with_equal_weights_are_the_usual_ones() -> None:
    values = np.random.default_rng(1).permutation(np.arange(101.0))
    found = weighted_quantiles(values, np.ones(101), (0.0, 0.25, 0.5, 1.0))
    assert found.tolist() == [0.0, 25.0, 50.0, 100.0]
    assert math.isclose(planning_shift(values, np.ones(101), np.ones(101)), 50.0)


def test_a_constant_amount_is_the_same_written_as_an_expression() -> None:
    plain, written = (
        Money(value=300, success_rate=0.3, action_cost=15),
        Money(value="300 + 0 * amount", success_rate=0.3, action_cost=15),
    )
    amounts = pricing_of(written).of_record({"amount": 5.0})[0]
    assert amounts == amounts_of(plain) == Amounts(value=300.0, success_rate=0.3, action_cost=15.0)
