"""``/invocations`` by the type of its body; Vertex AI's and vetiver's calls."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.contract import Boolean, Contract
from mainstay.errors import RecordError
from mainstay.registry import Golden
from mainstay.serving import Served
from mainstay.serving.answers import Answer
from mainstay.serving.call import Call
from mainstay.serving.doors.invocations import Invocations
from mainstay.serving.doors.vertex import Vertex
from mainstay.serving.doors.vetiver import Vetiver, metadata, prototype
from mainstay.serving.refusals import fields_refused
from mainstay.serving.replies import Refused
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.serving.doors.door import Door
    from mainstay.serving.doors.invocations import InvocationsAsked

DOOR = Invocations()
ANSWERS = [Answer("01a2", "Yes", 0.75, "offer", 1, degraded=True, warnings=("a, b", "c"))]
SPLIT = {"index": [0], "columns": list(GOOD_RECORD), "data": [list(GOOD_RECORD.values())]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    project = tiny_project(tmp_path_factory.mktemp("doors"))
    release_now(project, register_model(project, TINY_MODEL))
    model = Served(project, loopback=True)
    model.look()
    return model


def _ask(served: Served, body: Any, **head: str) -> InvocationsAsked:
    assert served.lineup is not None
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-").encode(): value.encode("latin1") for name, value in head.items()}
    return DOOR.ask(Call("POST", "/invocations", named, sent), served.lineup)


def _tell(served: Served, asked: InvocationsAsked) -> Any:
    assert served.lineup is not None
    return DOOR.tell(asked, ANSWERS, served.lineup)


def test_they_are_doors() -> None:
    doors: list[Door] = [DOOR, Vertex(), Vetiver()]
    assert [door.name for door in doors] == ["invocations", "vertex", "vetiver"]


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ({"dataframe_split": SPLIT}, "application/json"),
        ({"dataframe_split": {"data": [["7590-VHVEG", 3, 29.85, "basic"]]}}, "application/json; charset=utf-8"),
        ({"dataframe_records": [GOOD_RECORD]}, "application/json"),
        ({"instances": [GOOD_RECORD], "params": {}}, "application/json"),
        ({"inputs": {name: [value] for name, value in GOOD_RECORD.items()}, "params": None}, "application/json"),
        ({"inputs": GOOD_RECORD}, "application/json"),
        ({"inputs": [GOOD_RECORD]}, "application/vnd.mainstay+json"),
        (GOOD_RECORD, "application/json"),
        ([GOOD_RECORD], "application/json"),
        (SPLIT, "application/json; format=pandas-split"),
        ([GOOD_RECORD], "application/json; format=pandas-records"),
        (b"customer,tenure,charge,plan\n7590-VHVEG,3,29.85,basic\n", "text/csv"),
        (b"7590-VHVEG,3,29.85,basic\n", "text/csv; header=absent"),
        (b'{"customer":"7590-VHVEG","tenure":3,"charge":29.85,"plan":"basic"}\n', "application/jsonlines"),
    ],
)
def test_every_form_is_the_same_record(served: Served, body: Any, type: str) -> None:  # noqa: A002 - the header's name
    assert json.loads(_ask(served, body, content_type=type).body) == [GOOD_RECORD]


def test_a_body_without_a_type_is_json(served: Served) -> None:
    assert json.loads(_ask(served, {"instances": [GOOD_RECORD]}).body) == [GOOD_RECORD]


def test_answers_come_as_they_are_asked_for(served: Served) -> None:
    body = {"dataframe_records": [GOOD_RECORD]}
    plain = {"prediction": "Yes", "score": 0.75, "decision": "offer", "degraded": True, "warnings": "a, b; c"}
    whole = {**plain, "version": 1, "id": "01a2"}
    assert json.loads(_tell(served, _ask(served, body)).body) == {"predictions": [whole]}
    table = _tell(served, _ask(served, body, accept="text/csv"))
    assert table.body == b'Yes,0.75,offer,True,"a, b; c",1,01a2\n'
    assert table.headers[0] == (b"content-type", b"text/csv; charset=utf-8")
    lines = _tell(served, _ask(served, body, accept="image/png, application/jsonlines;q=0.5"))
    assert json.loads(lines.body) == whole
    assert json.loads(_tell(served, _ask(served, body, accept="*/*")).body) == {"predictions": [whole]}
    old = _ask(served, [GOOD_RECORD], content_type="application/json; format=pandas-records")
    assert json.loads(_tell(served, old).body) == [whole]


def test_params_are_told_to_be_unused(served: Served) -> None:
    asked = _ask(served, {"inputs": [GOOD_RECORD], "params": {"temperature": 1}})
    assert json.loads(_tell(served, asked).body)["warnings"] == ["params: 'temperature' isn't used."]


def test_custom_attributes_come_back_where_they_can_do_no_harm(served: Served) -> None:
    body = {"inputs": [GOOD_RECORD]}
    asked = _ask(served, body, x_amzn_sagemaker_custom_attributes="trace=7")
    assert (b"x-amzn-sagemaker-custom-attributes", b"trace=7") in _tell(served, asked).headers
    for bad in ("", "a\r\nset-cookie: b", "\x7f", "x" * 1025, "\u00e9"):
        assert len(_tell(served, _ask(served, body, x_amzn_sagemaker_custom_attributes=bad)).headers) == 1


@pytest.mark.parametrize(
    ("body", "type", "status", "said"),
    [
        ({"a": 1}, "application/json", 400, "none of dataframe_split, dataframe_records, instances, inputs"),
        ({"prompt": "hello"}, "application/json", 400, "none of dataframe_split"),
        ({"inputs": [], "instances": []}, "application/json", 400, "instances and inputs"),
        ({"inputs": [], "params": 3}, "application/json", 400, "'params' isn't an object"),
        ({"dataframe_split": []}, "application/json", 400, "'dataframe_split' isn't a frame"),
        ({"dataframe_split": {"columns": []}}, "application/json", 400, "'dataframe_split' isn't a frame"),
        ({"dataframe_split": {"data": 3}}, "application/json", 400, "'data' isn't a list"),
        ({"dataframe_split": {"data": [[1]], "columns": [[1]]}}, "application/json", 400, "isn't a frame"),
        ({"dataframe_split": {"data": [], "rows": []}}, "application/json", 400, "isn't a frame"),
        ({}, "application/json; charset=utf-16", 415, "must be in UTF-8"),
        ({}, "application/json; format=pandas-values", 415, "format=pandas-values"),
        (b"", "image/png", 415, "image/png"),
    ],
)
def test_what_isnt_understood_is_refused_as_mlflow_does(
    served: Served,
    body: Any,
    type: str,  # noqa: A002 - the header's name
    status: int,
    said: str,
) -> None:
    with pytest.raises(Refused) as caught:
        _ask(served, body, content_type=type)
    reply = DOOR.refuse(caught.value, "01a2")
    told = json.loads(reply.body)
    assert (reply.status, told["error_code"]) == (status, "BAD_REQUEST")
    assert said in told["message"]


def test_a_split_frame_is_held_to_its_columns(served: Served) -> None:
    for split, said in [
        ({"columns": ["tenure", "tenure"], "data": [[1, 2]]}, "'tenure': is there twice"),
        ({"columns": ["tenure", "plan"], "data": [[1, "a"], [1]]}, "record 1 has 1 values for 2 columns"),
    ]:
        with pytest.raises(RecordError) as caught:
            _ask(served, {"dataframe_split": split})
        reply = DOOR.refuse(fields_refused(caught.value), "01a2")
        told = json.loads(reply.body)
        assert (reply.status, told["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert said in told["message"].replace("Record", "record")


def test_vertex_is_answered_with_predictions(served: Served) -> None:
    assert served.lineup is not None
    door, body = Vertex(), json.dumps({"instances": [GOOD_RECORD], "parameters": {"a": 1}}).encode()
    asked = door.ask(Call("POST", "/anywhere", {}, body), served.lineup)
    assert json.loads(asked.body) == [GOOD_RECORD]
    assert json.loads(door.tell(asked, ANSWERS, served.lineup).body)["predictions"][0]["prediction"] == "Yes"
    assert json.loads(door.refuse(Refused(422, "fields", "No."), "").body) == {"error": "No."}


def test_vetiver_is_answered_with_predictions_alone(served: Served) -> None:
    assert served.lineup is not None
    door, body = Vetiver(), json.dumps([GOOD_RECORD]).encode()
    asked = door.ask(Call("POST", "/vetiver/predict", {}, body), served.lineup)
    assert json.loads(asked.body) == [GOOD_RECORD]
    assert json.loads(door.tell(asked, ANSWERS, served.lineup).body) == {"predict": ["Yes"]}
    refused = door.refuse(Refused(422, "fields", "Field a is wrong.", "Mend it."), "")
    assert (refused.status, refused.body) == (422, b"Field a is wrong. Mend it.")


def test_a_prototype_has_an_example_for_each_field(served: Served) -> None:
    assert served.lineup is not None
    bundle = served.lineup.champion.bundle
    told = prototype(bundle)
    assert told["required"] == ["tenure", "charge", "plan"]
    assert told["properties"]["tenure"]["type"] == "integer"  # type: ignore[index]
    assert metadata(bundle)["version"] == "1"


def test_a_prototype_shows_a_boolean_as_one_however_its_source_spells_it(served: Served) -> None:
    assert served.lineup is not None
    bundle = served.lineup.champion.bundle
    contract = Contract((Boolean(name="flag", true="Y", false="N"), Boolean(name="other")))
    made = dataclasses.replace(bundle, contract=contract, golden=(Golden({"flag": "Y"}, 0.5),))
    told = prototype(made)["properties"]
    assert told == {"flag": {"type": "boolean", "example": True}, "other": {"type": "boolean", "example": True}}
