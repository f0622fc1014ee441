"""The fast way: what falls out of it, one record at a time, and what keeps it from being stopped."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import polars as pl
import pytest

from mainstay.contract import BodyError, Category, Contract, Integer, Number, Tensor, Text, compile_request
from mainstay.contract.fast import FastRow
from mainstay.contract.refusal import Refusal
from mainstay.contract.request import RequestDecoder
from mainstay.contract.row import PlainRow
from mainstay.contract.table import check_table, encode_table
from mainstay.errors import RecordError

CONTRACT = Contract(
    (
        Text(name="who", role="id"),
        Integer(name="tenure", min=0, max=100),
        Category(name="plan", values=("a", "b"), unknown="reject"),
        Number(name="income", missing="allow"),
    )
)
GOOD: dict[str, Any] = {"who": "x", "tenure": 1, "plan": "a", "income": 1.5}


def body(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_only_the_records_that_deviate_are_read_slowly() -> None:
    rows = compile_request(CONTRACT).decode(b"[" + b",".join([body(), body(tenure=" 2 "), body(tenure=3)]) + b"]")
    assert [type(row) is PlainRow for row in rows] == [False, True, False]
    assert [row.features["tenure"] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    "content",
    [
        body(tenure=101),
        body(tenure="x"),
        body(plan="c"),
        body(plan=3),
        body(plan=" "),
        body(tenure=None),
        body(income=[1]),
        body(tenure=2**70),
        json.dumps({"who": "x", "plan": "a"}).encode(),
        b'{"tenure": 1, "plan": "a", "tenure": 300}',
        b'{"tenure": 300, "plan": "q"}',
    ],
)
def test_a_quick_refusal_tells_what_the_reference_tells_when_it_is_asked(content: bytes) -> None:
    decoder = compile_request(CONTRACT)
    with pytest.raises(RecordError) as quick:
        decoder.decode(content)
    with pytest.raises(RecordError) as slow:
        decoder.decode_slowly(content)
    assert quick.value.problems == slow.value.problems
    assert (quick.value.total, quick.value.message, quick.value.cure) == (slow.value.total, slow.value.message, "")
    assert str(quick.value) == str(slow.value)
    assert not hasattr(quick.value, "nonsense")


def test_most_refusals_are_quick_and_of_duplicate_fields_the_last_decides() -> None:
    decoder = compile_request(CONTRACT)
    for content in (body(tenure=101), body(plan="c"), json.dumps({"tenure": 1}).encode()):
        with pytest.raises(Refusal):
            decoder.decode(content)
    assert decoder.decode(b'{"tenure": 300, "plan": "a", "tenure": 3}')[0].features["tenure"] == 3


@pytest.mark.parametrize("rest", [b"} x", b', "z": nope}', b', "z": "\xff"}', b', "z": NaN}'])
def test_a_body_that_is_no_json_is_no_refused_record_however_early_a_field_is_wrong(rest: bytes) -> None:
    for tenure in (1, 300):
        with pytest.raises((BodyError, RecordError)) as fast:
            RequestDecoder(CONTRACT).decode(b'{"tenure": %d, "plan": "a"' % tenure + rest)
        with pytest.raises((BodyError, RecordError)) as slow:
            RequestDecoder(CONTRACT).decode_slowly(b'{"tenure": %d, "plan": "a"' % tenure + rest)
        assert str(fast.value) == str(slow.value)


def test_junk_fields_are_refused_before_they_cost_anything() -> None:
    junk = b"{" + b",".join(b'"k%d":1' % place for place in range(1_000_000)) + b', "plan": "a", "tenure": 1}'
    for content in (junk, b"[" + junk + b"]", junk.replace(b": 1}", b": 300}")):
        start = time.process_time()
        with pytest.raises(RecordError, match=r"holds 1000002 fields in 1 object, .*at most 1040 are taken"):
            compile_request(CONTRACT).decode(content)
        assert time.process_time() - start < 0.5


def test_as_many_fields_as_allowed_and_any_text_are_no_junk() -> None:
    decoder = compile_request(CONTRACT)
    some = {f"k{place}": 1 for place in range(1000)}
    assert decoder.decode(body(**some))[0].features["tenure"] == 1
    assert decoder.decode(body(note='a:{"b\\":' * 5000))[0].features["tenure"] == 1
    many = [{**GOOD, "note": "x" * 5000} for _ in range(1000)]
    assert len(decoder.decode(json.dumps(many).encode())) == 1000


@pytest.mark.parametrize("tenure", ["2", 2])
def test_a_field_called_nearly_as_an_optional_column_is_hinted_at(tenure: object) -> None:
    record = {"tenure": tenure, "plan": "a", "incom": 3.5, "other": 1}
    row = compile_request(CONTRACT).decode(json.dumps(record).encode())[0]
    hint = "income: the record has 'incom', which is no column: did you mean this one?"
    assert row.warnings == (hint,)
    assert (row.deeds, row.degraded) == ((), False)


def test_the_same_contract_is_hashed_once() -> None:
    contract = Contract(tuple(Integer(name=f"c{place}") for place in range(3000)))
    compile_request(contract)
    start = time.process_time()
    for _ in range(1000):
        compile_request(contract)
    assert time.process_time() - start < 0.2


def test_what_a_fast_row_tells_is_computed_once_and_cannot_be_sent() -> None:
    (row,) = compile_request(CONTRACT).decode(body())
    assert isinstance(row, FastRow)
    assert row.encoded is row.encoded
    name = next(iter(set(row.__struct_encode_fields__) - set(CONTRACT.names)))  # type: ignore[attr-defined]
    (sent,) = compile_request(CONTRACT).decode(body(**{name: [1.0, 2.0]}))
    np.testing.assert_array_equal(sent.encoded, row.encoded)


def test_tensors_lie_flat_among_the_numbers_a_model_sees() -> None:
    contract = Contract(
        (Integer(name="a"), Tensor(name="t", shape=(2, 2), dtype="float64", missing="allow"), Number(name="b"))
    )
    assert contract.encoded_names == ("a", "t[0,0]", "t[0,1]", "t[1,0]", "t[1,1]", "b")
    assert (contract.width, [column.name for column, _ in contract.slots]) == (6, ["a", "t", "t", "t", "t", "b"])
    records: list[dict[str, Any]] = [{"a": 1, "t": [[1, 2], [3, 4]], "b": 5}, {"a": "1", "t": None, "b": 5.5}]
    rows = compile_request(contract).decode(json.dumps(records).encode())
    assert rows[0].encoded.tolist() == [1.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    frame = pl.DataFrame({"a": [1, 1], "t": [[[1.0, 2.0], [3.0, 4.0]], None], "b": [5.0, 5.5]})
    encoded = encode_table(contract, check_table(contract, frame).good)
    assert encoded.tobytes() == b"".join(row.encoded.tobytes() for row in rows)
    images = json.dumps([{"a": 1, "t": [[1, 2], [3, 4]], "b": 5}] * 1000).encode()
    assert len(compile_request(contract).decode(images)) == 1000


WIDE = 3000


def test_thousands_of_columns_are_compiled_and_checked_in_seconds() -> None:
    contract = Contract(tuple(Number(name=f"c{place}", min=0.0) for place in range(WIDE)))
    start = time.process_time()
    decoder = compile_request(contract)
    (row,) = decoder.decode(json.dumps({f"c{place}": place for place in range(WIDE)}).encode())
    assert row.encoded.tolist() == [float(place) for place in range(WIDE)]
    checked = check_table(contract, pl.DataFrame({f"c{place}": [float(place), -1.0] for place in range(WIDE)}))
    assert encode_table(contract, checked.good).tobytes() == row.encoded.tobytes()
    assert len(checked.counts) == WIDE
    with pytest.raises(RecordError):
        decoder.decode(b"{}")
    assert time.process_time() - start < 20


def test_every_id_is_held_to_the_contract_and_the_first_says_who_a_record_is_about() -> None:
    contract = Contract(
        (Text(name="who", role="id", pattern="[a-z]+"), Integer(name="order", role="id", min=0), Integer(name="a"))
    )
    decoder = RequestDecoder(contract)
    assert decoder.decode(b'{"who": "x", "order": 3, "a": 1}')[0].entity == "x"
    assert decoder.decode(b'{"order": 3, "a": 1}')[0].entity is None
    for record in ({"who": "X", "order": 3, "a": 1}, {"who": "x", "order": -1, "a": 1}):
        with pytest.raises(RecordError):
            decoder.decode(json.dumps(record).encode())
        assert check_table(contract, pl.DataFrame(record)).good.height == 0


def test_what_no_type_can_hold_against_a_record_is_left_to_the_reference() -> None:
    columns = (Text(name="t", pattern="[A-Z]+", outside="fallback"), Integer(name="", role="target"))
    assert compile_request(Contract(columns)).decode(b'{"t": "x"}')[0].fallback
