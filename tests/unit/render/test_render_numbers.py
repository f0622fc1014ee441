"""Numbers as words: no digit the data can't carry, no sign on nothing, times in UTC."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.render import numbers
from mainstay.render.numbers import MINUS, THIN

NOW = dt.datetime(2026, 11, 22, 16, 20, tzinfo=dt.UTC)


def plain(text: str) -> float:
    return float(text.replace(THIN, "").replace(MINUS, "-"))


@given(st.floats(min_value=1e-4, max_value=1e14))
def test_a_number_is_right_to_three_digits_and_prints_no_more(value: float) -> None:
    text = numbers.number(value)
    assert abs(plain(text) - value) <= 0.00501 * value
    significant = text.replace(THIN, "").replace(".", "").strip("0")
    assert len(significant) <= 3, text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_number_never_carries_a_sign_it_has_not(value: float) -> None:
    text = numbers.number(value)
    assert text.startswith(MINUS) == (value < 0 and plain(text) != 0)


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_the_interval_decides_how_far_the_estimate_is_printed(value: float, half: float) -> None:
    text = numbers.with_interval(value, Interval(value - half, value + half))
    if "±" not in text:  # the half-width vanished beside the value, or rounding made it lopsided
        return
    shown, width = text.split(" ± ")
    assert abs(plain(width) - half) <= 0.051 * half
    decimals = [len(part.partition(".")[2]) for part in (shown, width)]
    assert decimals[0] == decimals[1]


def test_a_missing_number_is_never_zero() -> None:
    assert numbers.number(None) == numbers.number(math.nan) == numbers.DASH
    assert numbers.amount(None, "EUR") == numbers.amount(math.nan) == "unknown"
    nothing = Finding(measure="auc", where="all", value=None, limit=Limit("at_least", 0.7))
    assert numbers.finding_value(nothing) == "not measured"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (999.9, "EUR", "€ 1 000"),
        (-0.004, "CHF", f"{MINUS}CHF 0.004"),
        (12.34, "ms", "12.3 ms"),
        (0.0, "USD", "$ 0"),
        (float("inf"), "", "∞"),
    ],
)
def test_amounts(value: float, unit: str, shown: str) -> None:
    assert numbers.amount(value, unit).replace(THIN, " ") == shown


def test_an_interval_without_width_or_end_is_left_out() -> None:
    assert numbers.with_interval(3.0, Interval(3.0, 3.0)) == "3"
    assert numbers.with_interval(3.0, Interval(-math.inf, 5.0)) == "3"


def test_a_moment_is_named_in_utc_wherever_it_was_taken() -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    assert numbers.moment(dt.datetime(2026, 11, 23, 0, 30, tzinfo=tokyo), NOW) == "today 15:30 UTC"
    assert numbers.moment(NOW - dt.timedelta(days=1), NOW) == "yesterday 16:20 UTC"
    assert numbers.day(NOW - dt.timedelta(days=400), NOW) == "Sat 18 Oct 2025"
    assert numbers.since(NOW - dt.timedelta(days=17), NOW).replace(THIN, " ") == "since Thu 5 Nov, 17 days"
