"""Rows, columns, CSV and JSON Lines become the records they are meant to be, or are refused by record and column."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mainstay.contract import BodyError, Contract, Number, Tensor, compile_request
from mainstay.errors import MainstayError, RecordError
from mainstay.serving.doors.csv_body import from_csv
from mainstay.serving.doors.envelope import as_sent, spelled
from mainstay.serving.doors.flat import sentence
from mainstay.serving.doors.json_lines import from_json_lines
from mainstay.serving.doors.records import from_columns, from_instances, table
from mainstay.serving.refusals import fields_refused
from mainstay.serving.replies import Refused
from mainstay.serving.testing import TINY_CONTRACT

TINY = compile_request(TINY_CONTRACT, max_records=5)
ALONE = compile_request(Contract((Number(name="x"),)))
IMAGE = compile_request(Contract((Tensor(name="image", shape=(2, 2)), Number(name="x"))))
ONE = {"tenure": 3, "charge": 29.85, "plan": "basic"}
WHOLE = {"customer": "7590", **ONE}


def _said(error: BaseException) -> str:
    if isinstance(error, RecordError):
        return sentence(fields_refused(error))
    return sentence(error) if isinstance(error, Refused) else str(error)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("given", "records"),
    [
        ([ONE, WHOLE], [ONE, WHOLE]),
        ([[3, 29.85, "basic"]], [ONE]),
        ([["7590", 3, 29.85, "basic"]], [WHOLE]),
        ([{"tenure": 3, "charge": 29.85, "plan": {"b64": "YmFzaWM="}}], [ONE]),
        ([[3, 29.85, {"b64": "YmFzaWM="}]], [ONE]),
        ([{"features": [3, 29.85, "basic"]}], [ONE]),
        ([], []),
    ],
)
def test_rows_are_read_by_field_or_in_the_contracts_order(given: Any, records: Any) -> None:
    assert json.loads(from_instances(_json(given), TINY)) == records


def test_values_in_lists_of_one_are_taken_where_the_protocol_has_them() -> None:
    batched = {"tenure": [3], "charge": [29.85], "plan": ["basic"]}
    assert json.loads(from_instances(_json([batched]), TINY, batched=True)) == [ONE]
    assert json.loads(from_instances(_json([batched]), TINY)) == [batched]
    columns = {name: [[value], [value]] for name, value in ONE.items()}
    assert json.loads(from_columns(_json(columns), TINY, batched=True)) == [ONE, ONE]


def test_values_of_the_only_field_stand_alone() -> None:
    assert json.loads(from_instances(b"[1.0, 2.5]", ALONE)) == [{"x": 1.0}, {"x": 2.5}]
    assert json.loads(from_instances(b"[[1.0], [2.5]]", ALONE)) == [{"x": 1.0}, {"x": 2.5}]


def test_tensors_are_values_of_rows_and_columns() -> None:
    image = [[1, 2], [3, 4]]
    assert json.loads(from_instances(_json([[image, 0.5]]), IMAGE)) == [{"image": image, "x": 0.5}]
    assert json.loads(from_columns(_json({"image": [image], "x": [0.5]}), IMAGE)) == [{"image": image, "x": 0.5}]


def test_columns_are_turned_into_rows() -> None:
    columns = {"tenure": [3, 4], "charge": [1, None], "plan": ["basic", "full"]}
    assert json.loads(from_columns(_json(columns), TINY)) == [
        {"tenure": 3, "charge": 1, "plan": "basic"},
        {"tenure": 4, "charge": None, "plan": "full"},
    ]
    assert json.loads(from_columns(_json(ONE), TINY)) == [ONE]
    assert json.loads(from_columns(_json([[3, 29.85, "basic"]]), TINY)) == [ONE]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ONE, "'instances' isn't a list."),
        (7, "'instances' isn't a list."),
        ([[1, 2]], "Record 0 has 2 values; in the contract's order there are 3: tenure, charge, plan, or 4 with ids"),
        ([[3, 1, "basic"], [3, 1]], "Record 1 has 2 values for 3 columns."),
        ([[3, 1, "basic"], {"tenure": 3}], "Record 1 is no list of values"),
        ([1, 2], "Record 0 is no list of values"),
        ([[3, 1, "basic"]] * 6, "at most 5 records"),
        ([{"plan": {"b64": "!"}, "x": 1}], "Record 0, field 'plan': its 'b64' isn't base64"),
        ([ONE, {"plan": {"b64": "/w=="}}], "Record 1, field 'plan': its 'b64' isn't base64"),
        ([[3, 1, "basic"], [3, 1, {"b64": "?"}]], "Record 1, field 'plan'"),
        ([[0] * 50_000], "at most"),
    ],
)
def test_rows_of_a_wrong_shape_are_named(given: Any, said: str) -> None:
    with pytest.raises((Refused, RecordError)) as caught:
        from_instances(_json(given), TINY)
    assert said in _said(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tenure": [1, 2], "charge": [1]}, "field 'charge': has 1 values, and 'tenure' has 2"),
        ({"tenure": [1, 2], "charge": 1}, "field 'charge': is one value, while other fields are lists"),
        ({"tenure": [1] * 6}, "at most 5 records"),
        ("basic", "neither an object nor a list"),
        ({"a" * 9: list(range(60_000))}, "at most"),
    ],
)
def test_columns_of_a_wrong_shape_are_named(given: Any, said: str) -> None:
    with pytest.raises((Refused, RecordError)) as caught:
        from_columns(_json(given), TINY)
    assert said in _said(caught.value)


def test_a_column_that_is_there_twice_is_named() -> None:
    with pytest.raises(RecordError, match="field 'a': is there twice as a column"):
        table(["a", "b", "a"], [[b"1", b"2", b"3"]], TINY)


def test_a_small_table_cant_make_a_large_body() -> None:
    names = [f"{number:050000d}" for number in range(300)]
    with pytest.raises(Refused) as caught:
        table(names, [[b"0"] * 300] * 5, TINY)
    assert caught.value.status == 413


def test_what_python_writes_for_a_gap_is_one() -> None:
    assert spelled(b'[{"a":NaN,"b":"NaN \\" NaN"}]', TINY) == b'[{"a":null,"b":"NaN \\" NaN"}]'
    numbers = b"[1e999999999, 11e99999, 1e99999.5, -0.1e99999]"
    assert as_sent(spelled(numbers, TINY)) == numbers
    assert as_sent(spelled(b'[Infinity, "1e99999", -Infinity]', TINY)) == b'[Infinity, "1e99999", -Infinity]'
    assert spelled(b'\xef\xbb\xbf["open NaN \\', TINY) == b'["open NaN \\'


@pytest.mark.parametrize("text", ["NaN", '"NaN"', "\\\\", '\\"', '\\\\\\" NaN', "Infinity\\"])
def test_what_stands_in_a_text_is_left_alone(text: str) -> None:
    body = json.dumps({text: [text, float("nan"), text], "x": float("inf")}).encode()
    assert json.loads(spelled(body, TINY)) == {text: [text, None, text], "x": float("inf")}
    assert as_sent(spelled(body, TINY)).count(b"Infinity") == body.count(b"Infinity")


def test_more_gaps_than_records_have_cells_are_refused_before_any_is_replaced() -> None:
    with pytest.raises(RecordError, match="holds more than 5000 values; at most 1350"):
        spelled(b"NaN," * 5000, TINY)


def test_infinity_is_refused_by_the_contract_and_by_field() -> None:
    body = as_sent(from_instances(spelled(b'[[3, Infinity, "basic"]]', TINY), TINY))
    with pytest.raises(RecordError) as caught:
        TINY.decode(body)
    assert caught.value.problems[0].field == "charge"
    assert caught.value.problems[0].found == "Infinity"


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("tenure,charge,plan\n3,29.85,basic\n", [ONE]),
        ("plan,tenure,charge\r\nbasic,3,29.85", [ONE]),
        ("3,29.85,basic", [ONE]),
        ("7590,3,29.85,basic\n\n", [{**ONE, "customer": "7590"}]),
        (",tenure,charge,plan\n0,3,29.85,basic\n", [ONE]),
        ("tenure,charge,plan\n3,,basic\n", [{**ONE, "charge": None}]),
        ("tenure,charge,plan\n3,nan,basic\n", [{**ONE, "charge": None}]),
        ("tenure,charge,plan\n3.0,2.985e1,basic\n", [ONE]),
        ('tenure,charge,plan\n3,29.85,"ba""s\nic"\n', [{**ONE, "plan": 'ba"s\nic'}]),
        ("\ufefftenure,charge,plan\n3,29.85,basic\n", [ONE]),
        ("tenure,charge,plan\n03,29.85,basic\n", [{**ONE, "tenure": "03"}]),
        ("tenure,charge,plan\n", []),
        ("", []),
    ],
)
def test_csv_is_read_with_and_without_a_header(text: str, records: Any) -> None:
    assert json.loads(from_csv(text.encode(), TINY)) == records


def test_the_media_types_own_parameter_says_whether_there_is_a_header() -> None:
    assert json.loads(from_csv(b"plan,charge,tenure", TINY, header=False)) == [
        {"tenure": "plan", "charge": "charge", "plan": "tenure"}
    ]
    assert json.loads(from_csv(b"a,b\n1,2", TINY, header=True)) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"tenure,charge,plan\n3,1\n", "Record 0 has 2 values for 3 columns."),
        (b"tenure,charge,tenure\n3,1,2\n", "field 'tenure': is there twice"),
        (b"3,1\n", "Record 0 has 2 values; in the contract's order"),
        (b"\xff\n", "isn't UTF-8"),
        (b'3,"1', "isn't CSV"),
        (b'3,"1"x,basic', "isn't CSV"),
        (b"3,1,basic\n" * 6, "at most 5 records"),
        (b"," * 100_000, "values; at most"),
        (b"x" * 200_000, "isn't CSV"),
    ],
)
def test_bad_csv_is_told_by_line(body: bytes, said: str) -> None:
    with pytest.raises(MainstayError) as caught:
        from_csv(body, TINY)
    assert said in _said(caught.value)


def test_json_lines_hold_a_record_each() -> None:
    lines = b"\n".join([_json(ONE), b"", _json(WHOLE)]) + b"\r\n"
    assert json.loads(from_json_lines(lines, TINY)) == [ONE, WHOLE]
    assert json.loads(from_json_lines(b'[3,29.85,"basic"]\n', TINY)) == [ONE]
    with pytest.raises(BodyError, match="Line 2 of the body isn't one value in JSON"):
        from_json_lines(_json(ONE) + b"\n{},{}\n", TINY)
    with pytest.raises(RecordError, match="at most 5 records"):
        from_json_lines(b"{}\n" * 7, TINY)
