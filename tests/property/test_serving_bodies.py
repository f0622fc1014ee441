"""Whatever is sent: an answer that is in the log, or a refusal that names what is wrong; never a fault of ours."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import Category, Contract, Integer
from mainstay.events import EventLog, Prediction, tail
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route
from mainstay.serving import App, Served
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.project import Project

KEYS = st.sampled_from([*GOOD_RECORD, "other", "label", "id", "at", "kpis", "followed"]) | st.text(max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["basic", "full", "1", " 2 ", "1e3", "\ud800", "2026-11-22T17:03:00Z", "\x00", "x" * 1001])
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
RECORDS = st.dictionaries(KEYS, VALUES, max_size=6).map(lambda some: GOOD_RECORD | some)
BODIES = st.binary(max_size=200) | (VALUES | RECORDS | st.lists(RECORDS, max_size=4)).map(
    lambda value: json.dumps(value).encode()
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = tiny_project(tmp_path_factory.mktemp("bodies"))
    wider = Contract((Integer(name="tenure"), Category(name="plan", values=("basic", "full", "max"))))
    first = register_model(project, TINY_MODEL)
    second = register_model(project, ConstantModel(0.5), contract=wider)
    third = register_model(project, ConstantModel(0.25))
    release_now(project, first, Route(second, "canary", 0.3), Route(third, "shadow", 1.0))
    return project


@pytest.fixture(scope="module")
def app(project: Project) -> App:
    served = Served(project, loopback=True)
    served.look()
    return App([served], loopback=True)


def _post(app: App, path: str, body: bytes) -> tuple[int, Any]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [],
        "server": ("127.0.0.1", 1),
        "scheme": "http",
    }
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


@settings(max_examples=400, deadline=None)
@given(body=BODIES)
def test_predict_answers_or_says_why(app: App, project: Project, body: bytes) -> None:
    status, said = _post(app, "/predict", body)
    assert status in (200, 400, 422)
    if status == 200:
        ids = [answer["id"] for answer in (said if isinstance(said, list) else [said])]
        logged = tail(EventLog(project.books / "events"), 2 * len(ids), ("predictions",))
        assert set(ids) <= {event.id for event in logged if isinstance(event, Prediction)}
    else:
        assert said["detail"]
        assert status == 400 or said["errors"]


@settings(max_examples=400, deadline=None)
@given(body=BODIES)
def test_feedback_takes_or_says_why(app: App, body: bytes) -> None:
    status, said = _post(app, "/models/churn/feedback", body)
    assert status in (200, 400, 422)
    assert "accepted" in said or said["detail"]
