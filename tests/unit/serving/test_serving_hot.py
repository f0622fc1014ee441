from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any, Literal

import pytest

from mainstay.contract import Category, Contract, Integer
from mainstay.events import EventLog, Feedback, Prediction, Refusal, tail
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.task import Task
from mainstay.release import Route
from mainstay.serving import App, Served
from mainstay.serving.testing import GOOD_RECORD, Got, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project


def _log(project: Project) -> EventLog:
    return EventLog(project.books / "events")


def _app(project: Project) -> App:
    served = Served(project, loopback=True)
    served.look()
    return App([served], loopback=True)


def test_one_record_gets_one_answer_that_is_in_the_log(
    served: Served, released: Project, ask: Callable[..., Got]
) -> None:
    got = ask(App([served], loopback=True), "/models/churn/predict", GOOD_RECORD)
    assert got.status == 200
    assert list(got.json) == ["id", "prediction", "score", "decision", "version", "degraded", "warnings"]
    (event,) = tail(_log(released))
    assert isinstance(event, Prediction)
    assert (event.id, event.score, event.version) == (got.json["id"], got.json["score"], 1)
    assert event.features == {"tenure": 3, "charge": 29.85, "plan": "basic"}
    assert event.entity is not None
    assert b"7590" not in _log(released).segments("predictions")[0].read_bytes()


def test_an_array_gets_an_array(served: Served, released: Project, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    got = ask(app, "/predict", [GOOD_RECORD, GOOD_RECORD | {"charge": 900}])
    assert [answer["degraded"] for answer in got.json] == [False, True]
    assert got.json[1]["warnings"] == ["charge: clipped from 900.0 to 500.0"]
    assert isinstance(ask(app, "/predict", [GOOD_RECORD]).json, list)
    events = [event for event in tail(_log(released)) if isinstance(event, Prediction)]
    assert {event.request for event in events[:2]} == {got.json[0]["id"]}
    assert got.json[0]["score"] == ask(app, "/predict", GOOD_RECORD).json["score"]


def test_what_is_wrong_is_named_by_record_and_field(served: Served, released: Project, ask: Callable[..., Got]) -> None:
    got = ask(App([served], loopback=True), "/predict", [GOOD_RECORD, GOOD_RECORD | {"tenure": 101}, {"plan": 3}])
    assert got.status == 422
    assert got.headers["content-type"] == "application/problem+json"
    places = {(error["record"], error["field"]) for error in got.json["errors"]}
    assert places == {(1, "tenure"), (2, "tenure"), (2, "charge"), (2, "plan")}
    assert got.json["errors"][0]["found"] == "101"
    assert "0 to 100" in got.json["errors"][0]["message"]
    (refusal,) = tail(_log(released))
    assert isinstance(refusal, Refusal)
    assert (refusal.id, refusal.status, set(refusal.fields)) == (
        got.json["instance"],
        422,
        {"tenure", "charge", "plan"},
    )


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"", {}, (400, "syntax")),
        (b"{", {}, (400, "syntax")),
        (b"\xff\xfe", {}, (400, "syntax")),
        (b"[" * 100_000, {}, (422, "fields")),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, {}, (400, "syntax")),
        (b"[]", {}, (422, "fields")),
        (b"null", {}, (422, "fields")),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", {}, (422, "fields")),
        (b"{}", {"content_type": "text/plain"}, (415, "type")),
        (b"{}", {"content_type": "application/x-www-form-urlencoded"}, (415, "type")),
        (b"{}", {"content_type": "application/json; charset=utf-16"}, (415, "type")),
        (b"{}", {"content_encoding": "br"}, (415, "coding")),
        (b"{}", {"content_encoding": "gzip"}, (400, "coding")),
        (gzip.compress(b"{}", mtime=0)[:-3], {"content_encoding": "gzip"}, (400, "coding")),
        (gzip.compress(b"{}", mtime=0) + b"x", {"content_encoding": "gzip"}, (400, "coding")),
        (gzip.compress(b" " * (17 << 20), mtime=0), {"content_encoding": "gzip"}, (413, "size")),
        (b"{}", {"content_length": str(17 << 20)}, (413, "size")),
        (b" " * (17 << 20), {}, (413, "size")),
        (b"{}", {"origin": "https://evil.example", "host": "127.0.0.1:8000"}, (403, "origin")),
        (b"{}", {"origin": "http://evil.example:8000", "host": "evil.example:8000"}, (403, "origin")),
    ],
)
def test_every_bad_body_has_its_status_and_cause(
    served: Served, ask: Callable[..., Got], body: bytes, headers: dict[str, str], told: tuple[int, str]
) -> None:
    got = ask(App([served], loopback=True), "/predict", body, **headers)
    assert (got.status, got.json["type"].rpartition(":")[2]) == told
    assert got.json["detail"].endswith(".")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(json.dumps(GOOD_RECORD).encode(), mtime=0), {"content_encoding": "gzip"}),
        (zlib.compress(json.dumps(GOOD_RECORD).encode()), {"content_encoding": "deflate"}),
        (GOOD_RECORD, {"content_type": "APPLICATION/JSON; charset=UTF-8"}),
        (GOOD_RECORD, {"content_type": "application/vnd.api+json"}),
        (GOOD_RECORD, {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}),
        (GOOD_RECORD | {"unknown": 1, "Churn": "Yes"}, {}),
    ],
)
def test_every_good_body_is_answered(
    served: Served, ask: Callable[..., Got], body: Any, headers: dict[str, str]
) -> None:
    assert ask(App([served], loopback=True), "/predict", body, **headers).status == 200


def test_the_callers_ids_come_back_and_are_logged(served: Served, released: Project, ask: Callable[..., Got]) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    got = ask(App([served], loopback=True), "/predict", GOOD_RECORD, x_request_id="order-17", traceparent=trace)
    assert got.headers["x-request-id"] == "order-17"
    (event,) = tail(_log(released))
    assert isinstance(event, Prediction)
    assert (event.request, event.trace) == ("order-17", "0af7651916cd43dd8448eb211c80319c")
    forged = ask(App([served], loopback=True), "/predict", GOOD_RECORD, x_request_id='a"b {c}')
    assert forged.headers["x-request-id"] == forged.json["id"]


def test_feedback_is_taken_and_logged(served: Served, released: Project, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    name = ask(app, "/predict", GOOD_RECORD).json["id"]
    got = ask(app, "/models/churn/feedback", [{"id": name, "label": "Yes", "kpis": {"revenue": 59.0}}])
    assert (got.status, got.json) == (200, {"accepted": 1})
    event = tail(_log(released))[-1]
    assert isinstance(event, Feedback)
    assert (event.id, event.label) == (name, "Yes")
    wrong = ask(app, "/models/churn/feedback", {"id": name, "label": "maybe"})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "label")


def test_feedback_is_taken_for_ids_this_server_never_gave(
    served: Served, released: Project, ask: Callable[..., Got]
) -> None:
    app = App([served], loopback=True)
    got = ask(app, "/feedback", [{"id": "of another machine", "label": "No"}, {"id": "x", "followed": False}])
    assert (got.status, got.json) == (200, {"accepted": 2})
    assert [event.id for event in tail(_log(released)) if isinstance(event, Feedback)] == ["of another machine", "x"]


@pytest.mark.parametrize("field", ["customer", "entity"])
def test_an_entity_instead_of_an_id_is_told_the_way_of_files(
    served: Served, ask: Callable[..., Got], field: str
) -> None:
    got = ask(App([served], loopback=True), "/feedback", {field: "c1", "label": "No", "at": "2026-11-20T00:00:00Z"})
    assert got.status == 422
    assert "mainstay feedback FILE" in got.json["errors"][0]["message"]


def test_too_much_feedback_is_refused_whole(served: Served, released: Project, ask: Callable[..., Got]) -> None:
    many = [{"id": str(place), "label": "No"} for place in range(served.settings.max_records + 1)]
    got = ask(App([served], loopback=True), "/feedback", many)
    assert got.status == 422
    assert f"at most {served.settings.max_records}" in got.json["errors"][0]["message"]
    assert not [event for event in tail(_log(released)) if isinstance(event, Feedback)]


def test_nothing_released_is_a_503_with_the_cure(project: Project, ask: Callable[..., Got]) -> None:
    app = _app(project)
    for path, body in (("/predict", GOOD_RECORD), ("/models/churn/feedback", {"id": "a", "label": "Yes"})):
        got = ask(app, path, body)
        assert got.status == 503
        assert "mainstay release 1" in got.json["cure"]
        assert "retry-after" in got.headers
    assert ask(app, "/readyz").status == 503
    assert ask(app, "/livez").status == 200


def test_unknown_addresses_and_methods(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    assert ask(app, "/models/nobody/predict", GOOD_RECORD).status == 404
    assert "churn" in ask(app, "/models/nobody/predict", GOOD_RECORD).json["cure"]
    assert ask(app, "/nowhere").status == 404
    got = ask(app, "/models/churn/predict", method="GET")
    assert (got.status, got.headers["allow"]) == (405, "POST")
    got = ask(app, "/models", {}, method="DELETE")
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")


def test_a_canary_is_sticky_by_entity_and_takes_its_share(project: Project, ask: Callable[..., Got]) -> None:
    first, second = register_model(project, ConstantModel(0.1)), register_model(project, ConstantModel(0.9))
    release_now(project, first, Route(second, "canary", 0.25))
    app = _app(project)
    records = [GOOD_RECORD | {"customer": f"c{i}"} for i in range(1000)]
    versions = [answer["version"] for answer in ask(app, "/predict", records).json]
    assert versions == [answer["version"] for answer in ask(app, "/predict", records).json]
    assert 180 < versions.count(second) < 320
    scores = {answer["version"]: answer["score"] for answer in ask(app, "/predict", records).json}
    assert scores == {first: 0.1, second: 0.9}
    event = tail(_log(project), 1)[0]
    assert isinstance(event, Prediction)
    assert event.share in (0.75, 0.25)


def test_a_shadow_is_logged_and_never_seen(project: Project, ask: Callable[..., Got]) -> None:
    first, second = register_model(project, ConstantModel(0.1)), register_model(project, ConstantModel(0.9))
    release_now(project, first, Route(second, "shadow", 1.0))
    got = ask(_app(project), "/predict", [GOOD_RECORD, GOOD_RECORD])
    assert [answer["version"] for answer in got.json] == [first, first]
    events = [event for event in tail(_log(project)) if isinstance(event, Prediction)]
    shadows = [event for event in events if event.role == "shadow"]
    assert [event.answer for event in shadows] == [answer["id"] for answer in got.json]
    assert {event.score for event in shadows} == {0.9}


def test_arms_with_different_contracts_judge_their_own_records(project: Project, ask: Callable[..., Got]) -> None:
    wider = Contract((Integer(name="tenure", min=0, max=500), Category(name="plan", values=("basic", "full", "max"))))
    narrower = Contract((Integer(name="tenure", min=0, max=100),))
    first = register_model(project, ConstantModel(0.1), contract=narrower)
    second = register_model(project, ConstantModel(0.9), contract=wider)
    release_now(project, first, Route(second, "canary", 0.5))
    app = _app(project)
    both = [ask(app, "/predict", {"tenure": 50, "plan": "max"}) for _ in range(60)]
    assert {got.json["version"] for got in both} == {first, second}
    beyond = [ask(app, "/predict", {"tenure": 400, "plan": "max"}) for _ in range(60)]
    assert {got.status for got in beyond} == {200, 422}
    array = ask(app, "/predict", [{"tenure": 50, "plan": "max"}] * 60)
    assert {answer["version"] for answer in array.json} == {first, second}
    wrong = ask(app, "/predict", [{"tenure": 50, "plan": "max"}, {"tenure": -1, "plan": "max"}])
    assert [error["record"] for error in wrong.json["errors"]] == [1]
    assert ask(app, "/predict", b"[{]").status == 400


@pytest.mark.parametrize("role", ["canary", "challenger"])
def test_what_one_beside_it_fails_at_the_champion_answers(
    project: Project, ask: Callable[..., Got], role: Literal["canary", "challenger"]
) -> None:
    first, second = register_model(project, ConstantModel(0.1)), register_model(project, ConstantModel(0.9))
    release_now(project, first, Route(second, role, 0.5, ((0.0, 0.5),) if role == "challenger" else ()))
    served = Served(project, loopback=True)
    served.look()
    assert served.lineup is not None
    beside = next(arm for arm in served.lineup.arms if arm.route.role == role)
    object.__setattr__(beside.bundle, "model", ConstantModel(float("nan")))
    app = App([served], loopback=True)
    for body in (GOOD_RECORD, [GOOD_RECORD | {"customer": str(i)} for i in range(40)]):
        got = ask(app, "/predict", body)
        answers = got.json if isinstance(got.json, list) else [got.json]
        assert {(answer["version"], answer["score"]) for answer in answers} == {(first, 0.1)}
    assert f'arm_failures_total{{model="churn",role="{role}"}}'.encode() in ask(app, "/metrics").body
    object.__setattr__(served.lineup.champion.bundle, "model", ConstantModel(float("nan")))
    got = ask(app, "/predict", GOOD_RECORD)
    assert (got.status, got.json["type"]) == (503, "urn:mainstay:problem:model")


def test_regression_answers_amounts(project: Project, ask: Callable[..., Got]) -> None:
    release_now(project, register_model(project, ConstantModel(12.5), task=Task(kind="regression", target="cnt")))
    got = ask(_app(project), "/predict", GOOD_RECORD)
    assert (got.json["prediction"], got.json["decision"]) == (12.5, 12.5)


@pytest.mark.parametrize(("policy", "status"), [("refuse", 503), ("answer", 200)])
def test_a_log_that_cannot_be_written_is_answered_by_the_policy(
    tmp_path: Path, ask: Callable[..., Got], capsys: pytest.CaptureFixture[str], policy: str, status: int
) -> None:
    project = tiny_project(tmp_path, more=f'[events]\nwhen_full = "{policy}"\n')
    release_now(project, register_model(project, ConstantModel(0.1)))
    (project.books / "events").write_text("a file stands where the folder should be")
    app = _app(project)
    assert ask(app, "/predict", GOOD_RECORD).status == status
    assert ask(app, "/readyz").status == status
    for _ in range(3):
        ask(app, "/predict", "no JSON")
        ask(app, "/predict", GOOD_RECORD)
    assert capsys.readouterr().err.count("can't be written") == 1  # not a line for each request: the disk is full
    assert "can't be written" in ask(app, "/readyz").json["models"]["churn"]["detail"]
    lost = 'mainstay_events_lost_total{model="churn",stream="predictions"} 4.0'
    assert (lost in ask(app, "/metrics").body.decode()) == (policy == "answer")
    (project.books / "events").unlink()
    assert ask(app, "/predict", GOOD_RECORD).status == 200
    assert ask(app, "/readyz").status == 200
