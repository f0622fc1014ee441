"""The law of the contract over every kind and every policy, by dice: ten thousand records in the fast tier."""

from __future__ import annotations

import math
import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import Contract, Number
from mainstay.contract.division import quotient
from mainstay.contract.table import check_table
from mainstay.contract.testing import KINDS, LawError, Tally, draw_cells, draw_contract, hold_law
from mainstay.contract.testing.cells import Cells

seeds = st.integers(0, 2**64 - 1)


def roll(seed: int, records: int, tally: Tally) -> None:
    dice = random.Random(seed)  # noqa: S311 - dice for tests, not secrets
    contract = draw_contract(dice)
    hold_law(contract, {column.name: draw_cells(dice, column, records) for column in contract.columns}, tally)


def test_ten_thousand_records_of_every_kind_and_policy_keep_the_law() -> None:
    tally = Tally()

    @given(seeds)
    @settings(max_examples=500, suppress_health_check=list(HealthCheck))
    def many(seed: int) -> None:
        roll(seed, 20, tally)

    many()
    assert tally.records >= 10_000
    assert tally.kinds.keys() == tally.refusals.keys() - {"rule"} == {kind.__struct_config__.tag for kind in KINDS}
    assert min(tally.accepted, tally.refused, tally.fast * 10, tally.fallback * 5) > tally.records / 10, tally
    done = {deed.split(": ")[1] for deed in tally.deeds}
    assert done == {
        *(f"{why}, {did}" for why in ("missing", "malformed") for did in ("imputed", "flagged", "fallback")),
        *(f"outside, {did}" for did in ("imputed", "flagged", "fallback", "clipped")),
        *(f"unknown, {did}" for did in ("imputed", "other", "fallback")),
        *(f"rule, {did}" for did in ("flagged", "fallback")),
    }


@given(seeds)
def test_tables_of_one_row_keep_the_law(seed: int) -> None:
    roll(seed, 1, Tally())


@pytest.mark.full
@given(seeds)
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_hundred_thousand_records_keep_the_law(seed: int) -> None:
    roll(seed, 20, Tally())


def test_the_law_is_broken_where_a_table_and_a_request_hold_different_values() -> None:
    contract = Contract((Number(name="a"),))
    with pytest.raises(LawError, match="one way"):
        hold_law(contract, {"a": Cells([1.5, 2.0], pl.Series([1.5, 2.5]))}, Tally())
    with pytest.raises(LawError, match="the table doesn't"):
        hold_law(contract, {"a": Cells([1.5, 2.0], pl.Series([1.5, None]))}, Tally())


@given(st.lists(st.none() | st.floats(), min_size=1, max_size=20), st.floats())
def test_columns_are_divided_to_the_bit_as_single_numbers_are(numbers: list[float | None], divisor: float) -> None:
    frame = pl.DataFrame({"a": pl.Series(numbers, dtype=pl.Float64)})
    found = frame.select(quotient(pl.col("a"), pl.lit(divisor))).to_series().to_list()
    for number, result in zip(numbers, found, strict=True):
        if number is None:
            assert result is None
        elif divisor:
            assert result == number / divisor or (math.isnan(result) and math.isnan(number / divisor))


@given(seeds)
def test_what_was_accepted_once_is_accepted_again_unchanged(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - dice for tests, not secrets
    contract = draw_contract(dice)
    frame = pl.DataFrame({column.name: draw_cells(dice, column, 20).series for column in contract.columns})
    for training in (False, True):
        checked = check_table(contract, frame, training=training)
        again = check_table(contract, checked.good.filter(~checked.fallback), training=training)
        refused = {words for words in again.counts if "missing" not in words and "rule" not in words}
        assert not refused, "a gap may be refused the second time, a value that is there may not"
        assert checked.good.height + checked.failing.height == frame.height
