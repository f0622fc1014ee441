"""TensorFlow Serving's calls, as its documentation has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.contract import BodyError
from mainstay.serving import Served
from mainstay.serving.answers import Answer
from mainstay.serving.call import Call
from mainstay.serving.doors.tfs import Tfs, place_of
from mainstay.serving.doors.tfs_pages import page
from mainstay.serving.replies import Refused
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.serving.doors.door import Door
    from mainstay.serving.doors.tfs import TfsAsked
    from mainstay.serving.lineup import Lineup

TFS = Tfs()
ANSWER = Answer("01a2", "Yes", 0.75, "offer", 1, degraded=False, warnings=())
PREDICT = "/v1/models/churn:predict"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    project = tiny_project(tmp_path_factory.mktemp("doors"))
    release_now(project, register_model(project, TINY_MODEL))
    model = Served(project, loopback=True)
    model.look()
    return model


def _ask(lineup: Lineup | None, body: Any, path: str = PREDICT) -> TfsAsked:
    assert lineup is not None
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return TFS.ask(Call("POST", path, {b"content-type": b"application/x-www-form-urlencoded"}, sent), lineup)


def _tell(lineup: Lineup | None, asked: TfsAsked) -> Any:
    assert lineup is not None
    return json.loads(TFS.tell(asked, [ANSWER], lineup).body)


def test_it_is_a_door() -> None:
    door: Door = TFS
    assert door.name == "tfs"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/",
        "/v1/models/a/b",
        "/v1/models/a:fit",
        "/v1/models/a/versions/x",
        "/v1/models/a/versions/-1",
        "/v2/a",
    ],
)
def test_other_addresses_are_not_its_own(path: str) -> None:
    assert place_of(path) is None


def test_rows_are_answered_with_predictions_and_columns_with_outputs(served: Served) -> None:
    rows = _ask(served.lineup, {"signature_name": "serving_default", "instances": [GOOD_RECORD]})
    assert json.loads(rows.body) == [GOOD_RECORD]
    assert _tell(served.lineup, rows)["predictions"][0]["score"] == 0.75
    columns = _ask(served.lineup, {"inputs": {name: [value] for name, value in GOOD_RECORD.items()}})
    assert json.loads(columns.body) == [GOOD_RECORD]
    assert _tell(served.lineup, columns)["outputs"]["score"] == [0.75]


def test_a_version_or_a_label_is_asked_for(served: Served) -> None:
    body = {"instances": [GOOD_RECORD]}
    assert _ask(served.lineup, body, "/v1/models/churn/versions/1:predict").version == 1
    assert _ask(served.lineup, body, "/v1/models/churn/labels/stable:predict").role == "champion"
    for absent in ("versions/3", "labels/canary"):
        with pytest.raises(Refused, match="isn't served here"):
            _ask(served.lineup, body, f"/v1/models/churn/{absent}:predict")
    with pytest.raises(Refused) as caught:
        _ask(served.lineup, body, "/v1/models/churn/labels/newest:predict")
    assert caught.value.status == 404
    assert "stable" in caught.value.cure


def test_labels_are_classified(served: Served) -> None:
    shared = {"plan": "basic"}
    body = {"context": shared, "examples": [{"tenure": 3, "charge": 29.85}]}
    asked = _ask(served.lineup, body, "/v1/models/churn:classify")
    assert json.loads(asked.body) == [{"tenure": 3, "charge": 29.85, "plan": "basic"}]
    assert _tell(served.lineup, asked) == {"results": [[["No", 0.25], ["Yes", 0.75]]]}


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({}, PREDICT, "neither 'instances' nor 'inputs'"),
        ({"instances": [], "inputs": []}, PREDICT, "both 'instances' and 'inputs'"),
        ({"instances": [], "signature_name": "other"}, PREDICT, 'Serving signature name: "other" not found'),
        ({"examples": []}, "/v1/models/churn:regress", "it can't regress"),
        ({"instances": []}, "/v1/models/churn:classify", "no 'examples'"),
        ({"examples": [{}], "context": 3}, "/v1/models/churn:classify", "'context' isn't an object"),
        ({"examples": [3], "context": {}}, "/v1/models/churn:classify", "aren't a list of objects"),
    ],
)
def test_what_isnt_answered_is_told(served: Served, body: Any, path: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        _ask(served.lineup, body, path)
    reply = TFS.refuse(caught.value, "01a2")
    assert reply.status == 400
    assert said in json.loads(reply.body)["error"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"instances": [1}', b'{"signature_name": 3}', b"{" * 5000])
def test_a_body_that_is_no_object_is_told(served: Served, body: bytes) -> None:
    with pytest.raises(BodyError, match="Send an object with 'instances' or 'inputs'"):
        _ask(served.lineup, body)


def test_a_body_that_calls_itself_something_else_is_refused(served: Served) -> None:
    assert served.lineup is not None
    call = Call("POST", PREDICT, {b"content-type": b"application/x-pickle"}, json.dumps({"instances": []}).encode())
    with pytest.raises(Refused, match="must be JSON"):
        TFS.ask(call, served.lineup)


def test_the_status_and_the_signatures_are_told(served: Served) -> None:
    place = place_of("/v1/models/churn")
    assert place is not None
    assert json.loads(page(served, place).body) == {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }
    place = place_of("/v1/models/churn/labels/stable/metadata")
    assert place is not None
    told = json.loads(page(served, place).body)
    assert told["model_spec"] == {"name": "churn", "signature_name": "", "version": "1"}
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["tenure"]["dtype"] == "DT_INT64"
    assert signature["method_name"] == "tensorflow/serving/predict"
    place = place_of("/v1/models/churn/versions/7")
    assert place is not None
    reply = page(served, place)
    assert reply.status == 404
    assert "No version of churn is served as 7." in json.loads(reply.body)["error"]


def test_a_server_that_leaves_is_unloading(served: Served) -> None:
    place = place_of("/v1/models/churn/versions/1")
    assert place is not None
    told = json.loads(page(served, place, draining=True).body)
    assert told["model_version_status"][0]["state"] == "UNLOADING"
