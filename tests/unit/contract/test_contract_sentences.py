"""What a refused or warned caller is told: the thing that is wrong, in words that name it."""

from __future__ import annotations

import json
import warnings

import pytest

from mainstay.contract import Boolean, Contract, Integer, Number, Rule, Tensor, Text
from mainstay.contract.conflicts import conflicts
from mainstay.contract.contract import contradictions
from mainstay.contract.request import BodyError, RequestDecoder
from mainstay.errors import RecordError

USAGE = Contract(
    (
        Text(name="who", role="id"),
        Integer(name="tenure"),
        Number(name="usage_hours", missing="allow"),
        Number(name="größe", missing="allow"),
    )
)


def warned(content: bytes, contract: Contract = USAGE) -> list[tuple[str, ...]]:
    decoder = RequestDecoder(contract)
    fast, slow = decoder.decode(content), decoder.decode_slowly(content)[0]
    assert [row.warnings for row in fast] == [row.warnings for row in slow]
    assert [row.encoded.tobytes() for row in fast] == [row.encoded.tobytes() for row in slow]
    return [row.warnings for row in fast]


def refused(content: bytes, contract: Contract = USAGE, **settings: int) -> RecordError:
    with pytest.raises(RecordError) as caught:
        RequestDecoder(contract, **settings).decode(content)
    return caught.value


HINT = ("usage_hours: the record has 'usage_hour', which is no column: did you mean this one?",)


def test_a_misspelt_optional_field_is_warned_about_however_the_record_is_read() -> None:
    assert warned(b'{"tenure": 1, "usage_hour": 2.0, "gr\\u00f6\\u00dfe": 1.0}') == [HINT]
    assert warned('{"tenure": 1, "usage_hour": 2.0, "größe": 1.0}'.encode()) == [HINT]
    assert warned(b'[{"tenure": 1, "usage_hours": 1}, {"tenure": 1, "usage_hour": 2.0}]') == [(), HINT]
    assert warned(b'[{"tenure": "1", "usage_hours": 1}, {"tenure": 1, "usage_hour": 2.0}]') == [(), HINT]
    assert warned(b"[" + b",".join([b'{"tenure":1,"usage_hour":2}'] * 12) + b"]") == [HINT] * 10 + [()] * 2


@pytest.mark.parametrize(
    "record",
    [
        {"tenure": 1, "usage_hours": None, "größe": None},
        {"tenure": 1, "other": 2},
        {"tenure": 1},
        {"tenure": 1, "usage_hours": None, "größe": 1, "other": {"usage_hour": 1}},
        {"tenure": 1, "usage_hours": None, "größe": 1, "other": '"usage_hour":'},
    ],
)
def test_nothing_is_said_of_fields_that_are_null_or_called_otherwise(record: dict[str, object]) -> None:
    assert warned(json.dumps(record).encode()) == [()]


def test_a_name_that_is_a_value_or_nested_does_not_hide_a_misspelt_field() -> None:
    for more in ({"other": "usage_hours"}, {"other": {"usage_hours": 1}}, {'x"usage_hours': 1}):
        assert warned(json.dumps({"tenure": 1, "usage_hour": 2.0, "größe": 1, **more}).encode()) == [HINT]
        compact = json.dumps({"tenure": 1, "usage_hour": 2.0, "größe": 1, **more}, separators=(",", ":"))
        assert warned(compact.encode()) == [HINT]


def test_a_field_that_is_there_twice_counts_as_its_last_and_is_told_where_the_record_is_read_slowly() -> None:
    body = b'{"tenure": "1", "tenure": "2", "usage_hours": 1, "x": {"tenure": 1, "tenure": 2}, "y": 1, "y": 2}'
    (row,) = RequestDecoder(USAGE).decode(body)
    assert (row.features["tenure"], row.degraded) == (2, False)
    assert row.warnings == ("tenure: is there more than once; the last one counts",)
    assert warned(b"[" + body + b',{"tenure":1,"x":{"tenure":1,"tenure":2}}]') == [row.warnings, ()]
    assert RequestDecoder(USAGE).decode(b'{"tenure": 1, "tenure": 2}')[0].features["tenure"] == 2


def test_too_much_is_named_as_what_it_is() -> None:
    nested = refused(b'{"tenure": 1, "x": [' + b"[]," * 20_000 + b"[]]}")
    assert (nested.problems[0].record, nested.problems[0].message) == (
        0,
        "the record opens 20003 objects and lists; at most 14000 are taken.",
    )
    fields = refused(b"{" + b",".join(b'"x%d": 1' % i for i in range(2000)) + b"}")
    assert fields.problems[0].message == (
        "the request holds 2000 fields in 1 object, far more than the contract's 4 columns a record can use; "
        "at most 1040 are taken."
    )
    many = refused(b"[" + b",".join([b'{"tenure": 1}'] * 4) + b"]", max_records=3)
    assert (many.problems[0].record, many.problems[0].message) == (
        3,
        "is one too many: at most 3 records are taken at once.",
    )


def test_a_byte_order_mark_before_json_is_ignored() -> None:
    mark = b"\xef\xbb\xbf"
    decoder = RequestDecoder(USAGE)
    for body in (b'{"tenure": 1}', b'[{"tenure": 1}]', b' {"tenure": "1"}'):
        assert decoder.decode_with_shape(mark + body)[0][0].features["tenure"] == 1
    with pytest.raises(BodyError):
        decoder.decode(mark * 2 + b'{"tenure": 1}')


IMAGE = Tensor(name="it", shape=(2, 3), dtype="uint8", max=100)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "is no list"),
        ([1, 2, 3], "has shape 3, expected 2 x 3"),
        ([[1, 2], [3, 4]], "has shape 2 x 2, expected 2 x 3"),
        ([[], []], "has shape 2 x 0, expected 2 x 3"),
        ([], "has shape 0, expected 2 x 3"),
        ([[[1]] * 3] * 2, "has shape 2 x 3 x 1, expected 2 x 3"),
        ([[1, 2, 3], [1, 2]], "[1] has length 2, expected 3"),
        ([[1, 2, 3], 4], "[1] is 4, no list"),
        ([[1, 2, None], [1, 2, 3]], "element [0,2] is null"),
        ([[1, 2, "a"], [1, 2, 3]], "element [0,2] is 'a', no number"),
        ([[1, 2, [3]], [1, 2, 3]], "element [0,2] is a list, no number"),
        ([[1, 2, True], [1, 2, 3]], "element [0,2] is true, no number"),
        ([[1, 2, 3], [1.5, 2, 3]], "element [1,0] is 1.5, no whole number"),
        ([[1, 2, 3], [256, 2, 3]], "element [1,0] is 256, and uint8 is 0 to 255"),
        ([[1, 2, 3], [10**30, 2, 3]], f"element [1,0] is {10**30}, and uint8 is 0 to 255"),
        ([[1, 2, 3], [101, 2, 3]], "element [1,0] is 101, above 100"),
    ],
)
def test_a_tensor_is_told_what_is_wrong_with_it(value: object, said: str) -> None:
    found = refused(json.dumps({"it": value}).encode(), Contract((IMAGE,)))
    expected = "expected a list of 2 x 3 numbers of type uint8 of at most 100."
    assert found.problems[0].message == f"{said}; {expected}"


def test_a_tensor_of_floats_is_told_what_is_wrong_with_it() -> None:
    contract = Contract((Tensor(name="it", shape=(1,), dtype="float32"),))
    for text, said in (("1e39", "1e+39, no finite float32"), ("NaN", "NaN, no number"), ("1e400", "1e400, no number")):
        assert f"element [0] is {said};" in refused(f'{{"it": [{text}]}}'.encode(), contract).problems[0].message
    huge = refused(f'{{"it": [{10**320}]}}'.encode(), contract).problems[0].message
    assert huge.startswith("element [0] is 1000000")


def test_a_tensor_that_is_clipped_or_flagged_says_how() -> None:
    clip = Contract((Tensor(name="it", shape=(3,), max=1.0, outside="clip"),))
    assert warned(b'{"it": [1, 2, 3]}', clip) == [("it: 2 elements clipped",)]
    flag = Contract((Tensor(name="it", shape=(3,), max=1.0, outside="flag", malformed="flag"),))
    assert warned(b'{"it": [1, 2, 3]}', flag) == [("it: element [1] is 2.0, above 1.0",)]
    assert warned(b'{"it": [1, 2]}', flag) == [("it: has shape 2, expected 3, taken as missing",)]


def test_truths_are_told_as_json_spells_them() -> None:
    contract = Contract((Boolean(name="it", true="Yes", false="No", missing="impute", fill="Yes"),))
    assert warned(b"{}", contract) == [("it: missing, filled in with true",)]


@pytest.mark.parametrize("holds", ["x / 0 > 1", "x % 0 == 1", "1 / (2 - 2) < x", "x / -0 > 1", "x / zero < 1 or x > 1"])
def test_a_division_by_nothing_but_zero_is_refused(holds: str) -> None:
    columns = (Number(name="x"), Integer(name="zero", min=0, max=0))
    (found,) = conflicts(columns, (Rule(name="r", holds=holds),))
    assert "divides by what is always 0" in found.message
    assert not list(conflicts(columns, (Rule(name="r", holds="x / (x - x) > 1 or x / 2 < 1"),)))


def test_the_limits_of_whole_tensors_are_exact() -> None:
    most = 2**63 - 1
    contract = Contract((Tensor(name="it", shape=(2,), dtype="int64", min=-most, max=most),))
    assert not list(contradictions(contract))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (row,) = RequestDecoder(contract).decode(f'{{"it": [0, {most}]}}'.encode())
    assert row.features["it"] == [0, most]
    assert (
        refused(f'{{"it": [0, {-most - 1}]}}'.encode(), contract).problems[0].message.startswith("element [1] is -922")
    )
    for limit in (10**400, 2**63, float("inf")):
        assert list(contradictions(Contract((Tensor(name="it", shape=(2,), dtype="int64", max=limit),))))
    assert list(contradictions(Contract((Tensor(name="it", shape=(2,), max=10**400),))))
