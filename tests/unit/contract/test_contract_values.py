"""The value semantics, told once and held against every way of reading: a value alone, a request, a table."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import msgspec
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Integer, Number, Row, Text
from mainstay.contract.reading import read
from mainstay.contract.request import RequestDecoder
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn

MISSING, WRONG = "missing", "wrong"
WHOLE = Integer()
YEARS = Integer(min=0, max=120)
AMOUNT = Number()
SHARE = Number(min=0.0, max=1.0)
YES = Boolean(true="Yes", false="No")
ONE = Boolean(true=1, false=0)
PLAN = Category(values=("One year", "Two year", "é"), unknown="reject")
SEASON = Category(values=("1", "2", "3", "4"), unknown="reject")
HUGE = Category(values=("9" * 19, "-7"), unknown="reject")
PADDED = Category(values=("001", "002"), unknown="reject")

CASES: list[tuple[AnyColumn, object, object]] = [
    (WHOLE, 12, 12),
    (WHOLE, 12.0, 12),
    (WHOLE, "12", 12),
    (WHOLE, " 012\n", 12),
    (WHOLE, "-0", 0),
    (WHOLE, 2**63 - 1, 2**63 - 1),
    (WHOLE, str(-(2**63)), -(2**63)),
    (WHOLE, 2**63, WRONG),
    (WHOLE, 2.0**63, WRONG),
    (WHOLE, "9223372036854775808", WRONG),
    (WHOLE, 1e300, WRONG),
    (WHOLE, 12.5, WRONG),
    (WHOLE, "12.0", 12),
    *[(WHOLE, text, WRONG) for text in ("+1", "1_000", "0x10", "½", "1e5", "١٢", "abc", "1 2", "--1", "-", "1\u2003")],
    (WHOLE, True, WRONG),
    *[(column, blank, MISSING) for column in (WHOLE, AMOUNT, YES, PLAN) for blank in (None, "", " ", "\t\r\n\x0b\x0c")],
    (WHOLE, "\u00a0", WRONG),
    (YEARS, 0, 0),
    (YEARS, 120, 120),
    (YEARS, -1, "below 0"),
    (YEARS, "121", "above 120"),
    (AMOUNT, 29.85, 29.85),
    (AMOUNT, 30, 30.0),
    (AMOUNT, 2**53 + 1, float(2**53 + 1)),
    (AMOUNT, 2**64 - 1, float(2**64 - 1)),
    (AMOUNT, " 29.85 ", 29.85),
    (AMOUNT, ".5", 0.5),
    (AMOUNT, "5.", 5.0),
    (AMOUNT, "-1e-3", -0.001),
    (AMOUNT, "1E+2", 100.0),
    (AMOUNT, "1e-400", 0.0),
    *[
        (AMOUNT, text, WRONG)
        for text in ("1e400", "inf", "-Infinity", "nan", "NaN", "1,5", "+1", "0x1p3", "1e", ".", "1_0")
    ],
    (AMOUNT, False, WRONG),
    (AMOUNT, "1" * 1001, WRONG),
    (SHARE, 1.0000000000000002, "above 1.0"),
    (YES, True, True),
    (YES, "Yes", True),
    (YES, "No", False),
    *[(YES, found, WRONG) for found in ("yes", "\u00a0Yes", "true", 1, 0, 1.5)],
    *[(ONE, found, True) for found in (1, 1.0, "1", True)],
    *[(ONE, found, False) for found in (0, -0.0, "0", False)],
    *[(ONE, found, WRONG) for found in (2, "1.0", "yes", 0.5)],
    (PLAN, "One year", "One year"),
    (PLAN, "é", "é"),
    (PLAN, "e\u0301", "not one of its values"),
    (PLAN, "One year\u00a0", "not one of its values"),
    (PLAN, "a" * 1001, WRONG),
    *[(PLAN, found, WRONG) for found in (1, 1.0, True)],
    *[(SEASON, found, "3") for found in (3, 3.0, "3")],
    (SEASON, 7, "not one of its values"),
    (SEASON, 2.5, WRONG),
    (SEASON, True, WRONG),
    (PADDED, "001", "001"),
    (HUGE, "9" * 19, "9" * 19),
    (HUGE, 10**19 - 1, WRONG),
    (HUGE, -7, "-7"),
    (PADDED, 1, "not one of its values"),
]


def expect_rule(column: AnyColumn, expected: object) -> str:
    if expected == WRONG:
        return column.wrong
    rules = {MISSING, "not one of its values"}
    return expected if isinstance(expected, str) and (expected in rules or expected[:5] in ("below", "above")) else ""


def table_of(found: object) -> pl.DataFrame:
    big = isinstance(found, int) and not isinstance(found, bool) and found >= 2**63
    return pl.DataFrame({"it": pl.Series([found], dtype=pl.UInt64 if big else None)})


@pytest.mark.parametrize(("column", "found", "expected"), CASES, ids=lambda part: repr(part)[:40])
def test_a_value_is_read_the_same_alone_in_a_request_and_in_a_table(
    column: AnyColumn, found: object, expected: object
) -> None:
    column = msgspec.structs.replace(column, name="it")
    contract = Contract((column,))
    rule = expect_rule(column, expected)
    body = json.dumps({"it": found}).encode()
    decoder = RequestDecoder(contract)

    reading = read(column, found)
    checked = check_table(contract, table_of(found))
    assert reading.rule == rule
    if rule:
        assert checked.counts == {f"it: {rule}": 1}
        assert checked.failing["rules"].to_list() == [f"it: {rule}"]
        for decode in (decoder.decode, decoder.decode_slowly):
            with pytest.raises(RecordError) as refused:
                decode(body)
            assert [problem.field for problem in refused.value.problems] == ["it"]
        return
    assert (type(reading.value), reading.value) == (type(expected), expected)
    assert as_served(contract, checked.good).to_dicts() == [{"it": expected}]
    for row in (decoder.decode(body)[0], decoder.decode_slowly(body)[0][0]):
        assert (type(row.features["it"]), row.features["it"]) == (type(expected), expected)
        assert row.encoded.tobytes() == encode_table(contract, checked.good).tobytes()
        assert (row.warnings, row.degraded) == ((), False)


POLICIES: list[tuple[AnyColumn, object, object, float, str, bool]] = [
    (Integer(max=100, outside="clip"), 130, 100, 100.0, "it: clipped from 130 to 100", True),
    (Number(min=0.5, outside="clip"), 0, 0.5, 0.5, "it: clipped from 0.0 to 0.5", True),
    (Integer(max=100, outside="flag"), 130, 130, 130.0, "it: 130 is above 100", False),
    (Integer(missing="impute", fill=7), None, 7, 7.0, "it: missing, filled in with 7", True),
    (Number(missing="impute", fill=7), " ", 7.0, 7.0, "it: missing, filled in with 7.0", True),
    (
        Boolean(true="Y", false="N", missing="impute", fill="N"),
        None,
        False,
        0.0,
        "it: missing, filled in with false",
        True,
    ),
    (Category(values=("a", "b"), missing="impute", fill="b"), None, "b", 1.0, "it: missing, filled in with b", True),
    (Number(missing="impute"), None, None, math.nan, "it: missing", True),
    (Number(missing="allow"), None, None, math.nan, "", False),
    (Category(values=("a", "b")), "c", "c", 2.0, "it: 'c' is not one of its values, taken as another", True),
    (Category(values=("1", "2")), 9, "9", 2.0, "it: '9' is not one of its values, taken as another", True),
]


@pytest.mark.parametrize("case", POLICIES, ids=lambda case: case[4] or "allowed")
def test_a_policy_does_the_same_in_a_request_and_in_a_table_and_says_so(
    case: tuple[AnyColumn, object, object, float, str, bool],
) -> None:
    column, found, served, code, warning, degraded = case
    contract = Contract((msgspec.structs.replace(column, name="it"),))
    (row,) = RequestDecoder(contract).decode(json.dumps({"it": found}).encode())
    assert row.features == {"it": served}
    assert row.warnings == ((warning,) if warning else ())
    assert row.degraded is degraded
    assert row.encoded[0] == pytest.approx(code, nan_ok=True)
    checked = check_table(contract, pl.DataFrame({"it": [found]}))
    assert as_served(contract, checked.good).to_dicts() == [{"it": served}]
    assert encode_table(contract, checked.good).tobytes() == row.encoded.tobytes()
    assert sum(checked.flags.values()) == len(row.warnings)


@pytest.mark.parametrize("found", [[1], {"a": 1}, [], {}])
@pytest.mark.parametrize("column", [WHOLE, AMOUNT, YES, PLAN, SEASON, Text(role="id")])
def test_a_list_or_an_object_is_no_value_of_any_column(column: AnyColumn, found: object) -> None:
    contract = Contract((msgspec.structs.replace(column, name="it"),))
    with pytest.raises(RecordError, match=r"a list|an object"):
        RequestDecoder(contract).decode(json.dumps({"it": found}).encode())


def test_an_absent_field_and_a_null_are_both_missing() -> None:
    contract = Contract((Number(name="it", missing="allow"),))
    rows: list[Row] = RequestDecoder(contract).decode(b'[{}, {"it": null}, {"other": 1}]')
    assert [row.features for row in rows] == [{"it": None}] * 3
