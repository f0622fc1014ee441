from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from mainstay.contract import AnyColumn, Boolean, Category, Contract, Datetime, Integer, Number, Text
from mainstay.contract.table import as_served, check_table, encode_table, learn_fills
from mainstay.errors import ContractError

CONTRACT = Contract(
    (
        Text(name="id", role="id"),
        Integer(name="tenure", min=0, max=100),
        Category(name="plan", values=("a", "b")),
        Number(name="charges", missing="impute"),
        Boolean(name="partner", true="Yes", false="No", missing="allow"),
    )
)
FRAME = pl.DataFrame(
    {
        "target": ["x", "y", "z", "w"],
        "id": ["1", "2", "3", "4"],
        "tenure": ["5", "101", "-1", "7"],
        "plan": ["a", "", "b", "c"],
        "charges": ["1.5", "2.5", "oops", " "],
        "partner": ["Yes", "No", "No", None],
    }
)


def test_rows_are_good_or_failing_and_each_failure_names_its_rules() -> None:
    checked = check_table(CONTRACT, FRAME)
    assert checked.rows.to_list() == [0, 3]
    assert checked.counts == {
        "tenure: below 0": 1,
        "tenure: above 100": 1,
        "plan: missing": 1,
        "charges: not a finite number": 1,
    }
    assert checked.failing.columns == [*FRAME.columns, "row", "rules"]
    assert checked.failing["row"].to_list() == [1, 2]
    assert checked.failing["rules"].to_list() == [
        "tenure: above 100; plan: missing",
        "tenure: below 0; charges: not a finite number",
    ]
    assert checked.failing["tenure"].to_list() == ["101", "-1"]
    assert checked.flags == {"plan: not one of its values, taken as another": 1, "charges: filled in": 1}


def test_good_rows_are_typed_and_other_columns_stay_as_they_came() -> None:
    good = check_table(CONTRACT, FRAME).good
    assert good.columns == FRAME.columns
    assert dict(good.schema) == {
        "target": pl.String,
        "id": pl.String,
        "tenure": pl.Int64,
        "plan": pl.String,
        "charges": pl.Float64,
        "partner": pl.Boolean,
    }
    assert good.row(1) == ("w", "4", 7, "c", None, None)


def test_rows_are_encoded_as_numbers_codes_and_nan() -> None:
    encoded = encode_table(CONTRACT, check_table(CONTRACT, FRAME).good)
    np.testing.assert_array_equal(encoded, [[5.0, 0.0, 1.5, 1.0], [7.0, 2.0, np.nan, np.nan]])
    assert encoded.dtype == np.float64
    assert encoded.flags["C_CONTIGUOUS"]


def test_fills_are_learned_from_the_rows_and_used_by_every_way() -> None:
    columns: tuple[AnyColumn, ...] = (
        Integer(name="i", missing="impute"),
        Number(name="n", missing="impute"),
        Boolean(name="b", missing="impute"),
        Category(name="c", values=("x", "y"), missing="impute"),
        Number(name="given", missing="impute", fill=0.5),
        Number(name="empty", missing="impute"),
        Integer(name="high", max=10, outside="flag", missing="impute"),
    )
    frame = pl.DataFrame(
        {
            "i": [1, 2, 9, 2**62 + 1, None],
            "n": [1.0, 2.5, 4.0, None, None],
            "b": [True, True, False, None, None],
            "c": ["new", "new", "y", "new", None],
            "given": [1.0, 1.0, 1.0, 1.0, None],
            "empty": pl.Series([None] * 5, dtype=pl.Float64),
            "high": [20, 30, 40, 50, None],
        }
    )
    contract = Contract(columns)
    good = check_table(contract, frame).good
    learned = learn_fills(contract, good)
    assert [column.fill for column in learned.columns] == [2, 2.5, True, "y", 0.5, None, 10]
    np.testing.assert_array_equal(encode_table(learned, good)[-1], [2.0, 2.5, 1.0, 1.0, 0.5, np.nan, 10.0])
    assert as_served(learned, good).row(-1) == (2, 2.5, True, "y", 0.5, None, 10)


def test_a_feature_that_is_not_there_is_missing_in_every_row() -> None:
    checked = check_table(Contract((Integer(name="a"), Number(name="b", missing="allow"))), pl.DataFrame({"x": [1, 2]}))
    assert checked.counts == {"a: missing": 2}
    good = check_table(Contract((Number(name="b", missing="allow"),)), pl.DataFrame({"x": [1, 2]})).good
    assert good.to_dict(as_series=False) == {"x": [1, 2], "b": [None, None]}


def test_time_and_ignored_columns_refuse_nothing_and_are_counted() -> None:
    contract = Contract(
        (Datetime(name="day", role="time", format="%m/%d/%Y"), Number(name="note", role="ignored"), Integer(name="a"))
    )
    frame = pl.DataFrame({"day": ["1/31/2011", "31.1.2011", None], "note": ["1", "x", ""], "a": [1, 2, 3]})
    checked = check_table(contract, frame)
    assert checked.good["day"].to_list() == [dt.datetime(2011, 1, 31, tzinfo=dt.UTC), None, None]
    assert checked.flags == {"day: not a time": 1, "note: not a finite number": 1}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("2026-01-02", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
        ("2026-01-02 03:04:05", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2026-01-02T03:04:05.5", dt.datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=dt.UTC)),
        ("2026-01-02T03:04:05Z", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2026-01-02T03:04:05+02:00", dt.datetime(2026, 1, 2, 1, 4, 5, tzinfo=dt.UTC)),
        (dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
        (
            dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            dt.datetime(2026, 1, 2, 1, tzinfo=dt.UTC),
        ),
        ("yesterday", None),
        (3, None),
    ],
)
def test_times_are_read_in_iso_8601_and_kept_in_utc(found: object, expected: dt.datetime | None) -> None:
    contract = Contract((Datetime(name="at", role="time"), Integer(name="a")))
    good = check_table(contract, pl.DataFrame({"at": [found], "a": [1]})).good
    assert good.schema["at"] == pl.Datetime("us", "UTC")
    assert good["at"].to_list() == [expected]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pl.Series(["1"], dtype=pl.Categorical), 1.0),
        (pl.Series(["1"], dtype=pl.Enum(["1", "2"])), 1.0),
        (pl.Series([1], dtype=pl.Int8), 1.0),
        (pl.Series([1], dtype=pl.UInt64), 1.0),
        (pl.Series([1], dtype=pl.Int128), 1.0),
        (pl.Series([1], dtype=pl.Float32), 1.0),
        (pl.Series([Decimal(1)]), 1.0),
        (pl.Series([True]), None),
        (pl.Series([dt.date(2026, 1, 1)]), None),
        (pl.Series([dt.timedelta(1)]), None),
        (pl.Series([dt.time(1)]), None),
        (pl.Series([[1]]), None),
        (pl.Series([{"a": 1}]), None),
        (pl.Series([b"1"]), None),
        (pl.Series([object()], dtype=pl.Object), None),
    ],
    ids=lambda part: str(getattr(part, "dtype", part)),
)
def test_every_type_a_table_can_hold_is_read_or_refused(cells: pl.Series, expected: float | None) -> None:
    for column in (Integer(name="it"), Number(name="it"), Category(name="it", values=("0", "1"), unknown="reject")):
        checked = check_table(Contract((column,)), pl.DataFrame({"it": cells}))
        if expected is None:
            assert checked.counts == {f"it: {column.wrong}": 1}
        else:
            assert encode_table(Contract((column,)), checked.good).tolist() == [[expected]]


def test_columns_called_as_a_pattern_or_as_our_own_are_only_names() -> None:
    contract = Contract((Integer(name="*"), Integer(name="^.*$"), Integer(name=""), Integer(name="0")))
    frame = pl.DataFrame({"*": [1, 5], "^.*$": [2, 6], "": [3, None], "0": [4, 8], "row": [9, 9], "rules": [9, 9]})
    checked = check_table(contract, frame)
    assert encode_table(contract, checked.good).tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert checked.failing.columns == [*frame.columns, "row_", "rules_"]
    assert checked.failing["rules_"].to_list() == [": missing"]


def test_an_empty_table_is_no_error() -> None:
    checked = check_table(CONTRACT, FRAME.clear())
    assert (checked.good.height, checked.failing.height, checked.counts, checked.flags) == (0, 0, {}, {})
    assert encode_table(CONTRACT, checked.good).shape == (0, 4)


def test_a_contract_that_contradicts_itself_checks_nothing() -> None:
    with pytest.raises(ContractError, match="holds 'x' twice"):
        check_table(Contract((Category(name="c", values=("x", "x")),)), pl.DataFrame({"c": ["x"]}))
