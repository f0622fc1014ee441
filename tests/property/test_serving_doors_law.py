"""Every form of every door says the same as the native call, and no body makes one fail."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import BodyError
from mainstay.errors import Problem, RecordError
from mainstay.serving import Served
from mainstay.serving.call import Call
from mainstay.serving.doors.invocations import Invocations
from mainstay.serving.doors.tfs import Tfs
from mainstay.serving.doors.vertex import Vertex
from mainstay.serving.doors.vetiver import Vetiver
from mainstay.serving.refusals import fields_refused
from mainstay.serving.replies import Refused
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.serving.doors.door import Door
    from mainstay.serving.lineup import Lineup

NAMES = ("customer", "tenure", "charge", "plan")
DOORS: list[tuple[Door, str]] = [
    (Tfs(), "/v1/models/churn:predict"),
    (Tfs(), "/v1/models/churn:classify"),
    (Invocations(), "/invocations"),
    (Vertex(), "/vertex"),
    (Vetiver(), "/vetiver/predict"),
]
TYPES = ("application/json", "text/csv", "application/jsonlines", "application/json; format=pandas-split")
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
records = st.lists(
    st.fixed_dictionaries(
        {
            "customer": texts,
            "tenure": st.integers(-5, 120),
            "charge": st.one_of(st.none(), st.just(float("nan")), st.floats(-10, 600)),
            "plan": st.one_of(st.sampled_from(["basic", "full"]), texts),
        }
    ),
    min_size=1,
    max_size=5,
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*NAMES, "b64", "features", "columns", "data", "index"]), inner, max_size=4),
    ),
    max_leaves=12,
)
wrapped = st.dictionaries(
    st.sampled_from(["instances", "inputs", "dataframe_split", "dataframe_records", "params", "examples", "context"]),
    values,
    max_size=3,
)


@pytest.fixture(scope="module")
def lineup(tmp_path_factory: pytest.TempPathFactory) -> Lineup:
    project = tiny_project(tmp_path_factory.mktemp("doors"))
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    assert served.lineup is not None
    return served.lineup


def _forms(given: list[dict[str, Any]]) -> list[tuple[Door, str, str, bytes]]:
    rows = [[record[name] for name in NAMES] for record in given]
    columns = {name: [record[name] for record in given] for name in NAMES}
    packed = [{**each, "plan": {"b64": base64.b64encode(each["plan"].encode()).decode()}} for each in given]
    split = {"columns": NAMES, "index": list(range(len(rows))), "data": rows}
    tfs, invocations, vertex = DOORS[0], DOORS[2], DOORS[3]
    bodies: list[tuple[tuple[Door, str], object]] = [
        *((tfs, {"instances": each}) for each in (given, rows, packed)),
        *((tfs, {"inputs": each}) for each in (columns, rows)),
        (invocations, {"dataframe_split": split}),
        (invocations, {"dataframe_records": given}),
        (invocations, given),
        (vertex, {"instances": given, "parameters": {}}),
        (DOORS[4], given),
    ]
    forms = [(door, path, TYPES[0], json.dumps(body).encode()) for (door, path), body in bodies]
    lines = b"\n".join(json.dumps(record).encode() for record in given)
    return [*forms, (*invocations, TYPES[2], lines), (*invocations, TYPES[3], json.dumps(split).encode())]


def _without_nan(record: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(it, float) and math.isnan(it) else it for name, it in record.items()}


def _without_found(outcome: Any) -> Any:
    """An empty cell is a gap, whatever its column: there is no telling an empty text from null in CSV."""
    return [(each.record, each.field, each.message) if isinstance(each, Problem) else each for each in outcome]


def _outcome(lineup: Lineup, body: bytes) -> object:
    try:
        rows = lineup.champion.decoder.decode(body)
    except RecordError as error:
        return error.problems
    return [(row.encoded.tobytes(), row.features, row.entity, row.degraded) for row in rows]


@given(given=records)
def test_every_form_says_the_same_bit_for_bit(lineup: Lineup, given: list[dict[str, Any]]) -> None:
    plain = [_without_nan(each) for each in given]
    native = _outcome(lineup, json.dumps(plain).encode())
    for door, path, kind, body in _forms(given):
        asked = door.ask(Call("POST", path, {b"content-type": kind.encode()}, body), lineup)
        assert _outcome(lineup, asked.body) == native, (path, kind, body)


@given(given=records)
def test_csv_says_the_same_where_it_can(lineup: Lineup, given: list[dict[str, Any]]) -> None:
    plain = [_without_nan(each) for each in given]
    out = io.StringIO(newline="")
    rows = [["" if each[name] is None else each[name] for name in NAMES] for each in plain]
    csv.writer(out).writerows([NAMES, *rows])
    call = Call("POST", "/invocations", {b"content-type": b"text/csv"}, out.getvalue().encode())
    found = _outcome(lineup, DOORS[2][0].ask(call, lineup).body)
    assert _without_found(found) == _without_found(_outcome(lineup, json.dumps(plain).encode()))


@settings(max_examples=300)
@given(
    body=st.one_of(
        st.binary(max_size=80), wrapped.map(lambda body: json.dumps(body).encode()), st.text().map(str.encode)
    ),
    place=st.integers(0, len(DOORS) - 1),
    kind=st.sampled_from(TYPES),
)
def test_whatever_comes_is_read_or_refused(lineup: Lineup, body: bytes, place: int, kind: str) -> None:
    door, path = DOORS[place]
    refused = _refused(lineup, door, Call("POST", path, {b"content-type": kind.encode()}, body))
    assert refused is None or 400 <= door.refuse(refused, "").status < 500


def _refused(lineup: Lineup, door: Door, call: Call) -> Refused | None:
    """Only these three may come of a body; anything else would be a fault of the server."""
    try:
        lineup.champion.decoder.decode(door.ask(call, lineup).body)
    except Refused as refused:
        return refused
    except RecordError as error:
        return fields_refused(error)
    except BodyError as error:
        return Refused(400, "syntax", error.message, error.cure)
    return None
