"""Any tensor becomes the record it says, to the bit; and whatever bytes come, nothing but a refusal is raised."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mainstay.contract import Boolean, Category, Contract, Integer, Number, Tensor, Text
from mainstay.errors import RecordError
from mainstay.models.task import Task
from mainstay.serving.doors.oip.datatypes import NUMERIC
from mainstay.serving.doors.oip.head import read_infer
from mainstay.serving.doors.oip.inputs import Inputs
from mainstay.serving.doors.oip.outputs import Output
from mainstay.serving.doors.oip.records import records_of
from mainstay.serving.doors.oip.reply import raw_of
from mainstay.serving.doors.oip.rpc.messages import messages
from mainstay.serving.doors.oip.rpc.reading import infer_of, parse
from mainstay.serving.doors.oip.rpc.wire import SMALL, is_much
from mainstay.serving.replies import Refused

CONTRACT = Contract(
    (
        Text(name="id", role="id", missing="allow"),
        Number(name="x", missing="allow"),
        Integer(name="n", missing="allow"),
        Boolean(name="b", missing="allow"),
        Category(name="c", values=("a", "ü"), missing="allow"),
        Tensor(name="t", shape=(2, 3), dtype="float64", missing="allow"),
    )
)
INPUTS = Inputs(
    {column.name: column for column in CONTRACT.columns},
    CONTRACT.features,
    frozenset(CONTRACT.names),
    numeric=False,
    max_records=20,
    task=Task(kind="binary", target="y", positive="1", negative="0"),
)


def body_of(
    name: str, datatype: str, shape: tuple[int, ...], values: list[Any], *, binary: bool
) -> tuple[bytes, bytes]:
    told: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
    raw = b""
    if binary:
        raw = raw_of(Output(name, datatype, shape, values, binary=True))
        told["parameters"] = {"binary_data_size": len(raw)}
    else:
        told["data"] = values
    head = json.dumps({"inputs": [told]}).encode()
    return head + raw, b"%d" % len(head)


def read(body: bytes, length: bytes | None) -> list[dict[str, Any]]:
    found = json.loads(records_of(read_infer(body, length, INPUTS.most).tensors, INPUTS))
    return found if isinstance(found, list) else [found]


@given(st.data(), st.sampled_from([*NUMERIC]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_numbers_become_what_they_are(data: st.DataObject, datatype: str, binary: bool) -> None:
    kind = NUMERIC[datatype]
    array = data.draw(
        npst.arrays(kind, st.integers(1, 20), elements={"allow_infinity": False} if kind.kind == "f" else None)
    )
    wanted = [None if isinstance(it, float) and math.isnan(it) else it for it in array.tolist()]
    found = [each["x"] for each in read(*body_of("x", datatype, array.shape, array.tolist(), binary=binary))]
    assert found == wanted
    assert [math.copysign(1, a) for a in found if a] == [math.copysign(1, b) for b in wanted if b]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20), st.booleans())
@settings(max_examples=200, deadline=None)
def test_texts_become_what_they_are(texts: list[str], binary: bool) -> None:
    assert [each["c"] for each in read(*body_of("c", "BYTES", (len(texts), 1), texts, binary=binary))] == texts


@given(npst.arrays(np.float64, (3, 2, 3), elements=st.floats(allow_nan=False, allow_infinity=False)), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_column_of_tensors_keeps_its_shape(array: np.ndarray[Any, Any], binary: bool) -> None:
    found = read(*body_of("t", "FP64", array.shape, array.ravel().tolist(), binary=binary))
    assert [each["t"] for each in found] == array.tolist()


VALID = [
    body_of("x", "FP32", (2,), [1.5, -2.0], binary=True),
    body_of("c", "BYTES", (2, 1), ["a", "ü"], binary=True),
    body_of("t", "FP64", (1, 2, 3), [0.0] * 6, binary=False),
    body_of("n", "INT64", (3,), [1, 2, 3], binary=False),
]
EDGES = (
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b",",
    b":",
    b"\\",
    b"NaN",
    b"-Infinity",
    b"null",
    b"1e999",
    b"-1",
    b"\xff",
    b"\0",
    b"9" * 30,
)


@given(st.sampled_from(VALID), st.data())
@settings(max_examples=400, deadline=None)
def test_a_changed_body_is_read_or_refused(sent: tuple[bytes, bytes], data: st.DataObject) -> None:
    body, length = sent
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 6))
        put = data.draw(st.sampled_from(EDGES) | st.binary(max_size=4))
        body = body[:at] + put + body[at + cut :]
    said = data.draw(st.sampled_from([length, None, b"%d" % len(body), b"1"]) | st.binary(max_size=3))
    try:
        found = read(body, said)
    except (Refused, RecordError) as error:
        assert str(error)  # noqa: PT017 - a refusal and a result are both right
    else:
        assert 1 <= len(found) <= INPUTS.max_records


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([*CONTRACT.names, "else"]) | JSON,
            "datatype": st.sampled_from([*NUMERIC, "BYTES"]) | JSON,
            "shape": st.lists(st.integers(-2, 8), max_size=4) | JSON,
        },
        optional={
            "data": JSON | st.lists(JSON),
            "parameters": st.dictionaries(st.just("binary_data_size"), JSON) | JSON,
        },
    ),
    JSON,
)
@settings(max_examples=200, deadline=None)
def test_any_json_is_read_or_refused(tensor: dict[str, Any], more: Any) -> None:
    body = json.dumps({"inputs": [tensor], "parameters": more} if more else {"inputs": [tensor]}).encode()
    try:
        read(body, None)
    except (Refused, RecordError) as error:
        assert str(error)  # noqa: PT017 - a refusal and a result are both right


def rpc_body() -> bytes:
    request = messages()["ModelInferRequest"](model_name="m")
    tensor = request.inputs.add(name="x", datatype="FP64", shape=[2])
    tensor.contents.fp64_contents.extend([1.5, math.nan])
    request.inputs.add(name="c", datatype="BYTES", shape=[2, 1]).contents.bytes_contents.extend([b"a", b"\xc3\xbc"])
    body: bytes = request.SerializeToString()
    return body


def read_rpc(body: bytes) -> Any:
    infer = infer_of(parse("ModelInferRequest", body), INPUTS.most)
    return json.loads(records_of(infer.tensors, INPUTS))


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=4))
@settings(max_examples=300)
def test_a_changed_message_is_read_or_refused(changes: list[tuple[int, int, bytes]]) -> None:
    body = rpc_body()
    for at, cut, put in changes:
        body = body[:at] + put + body[at + cut :]
    try:
        read_rpc(body)
    except (Refused, RecordError) as error:
        assert str(error)  # noqa: PT017 - a refusal and a result are both right


@given(st.binary(max_size=300), st.integers(1, 20))
def test_parts_are_counted_in_any_bytes(some: bytes, most: int) -> None:
    assert is_much(some * (SMALL // max(1, len(some)) + 1) if some else bytes(SMALL + 1), most=most) in (True, False)
    assert not is_much(some, most=most)  # a short message isn't worth counting


def test_what_hypothesis_changes_is_valid_before() -> None:
    assert read_rpc(rpc_body()) == [{"x": 1.5, "c": "a"}, {"x": None, "c": "ü"}]
    for body, length in VALID:
        assert read(body, length)
    with pytest.raises(Refused):
        read(VALID[0][0], None)
