"""What OpenAPI says of the other protocols is there, and is so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.serving import App, Served
from mainstay.serving.doors.hosts import Hosts
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, Got, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTS = Hosts("/score", "/well")
PREDICT = "/v1/models/churn:predict"
SENT: list[tuple[str, str, Any]] = [
    (PREDICT, PREDICT, {"instances": [GOOD_RECORD]}),
    (PREDICT, PREDICT, {"inputs": {name: [value] for name, value in GOOD_RECORD.items()}}),
    (
        "/v1/models/churn/versions/{version}:predict",
        "/v1/models/churn/versions/1:predict",
        {"instances": [GOOD_RECORD]},
    ),
    ("/v1/models/churn/labels/{label}:predict", "/v1/models/churn/labels/stable:predict", {"instances": [GOOD_RECORD]}),
    ("/v1/models/churn:classify", "/v1/models/churn:classify", {"examples": [GOOD_RECORD]}),
    ("/invocations", "/invocations", {"inputs": [GOOD_RECORD]}),
    ("/models/churn/vetiver/predict", "/models/churn/vetiver/predict", [GOOD_RECORD]),
    ("/score", "/score", {"instances": [GOOD_RECORD]}),
    (PREDICT, PREDICT, {"instances": [{}]}),
    (PREDICT, PREDICT, []),
    ("/invocations", "/invocations", {"inputs": [{}]}),
    ("/vetiver/predict", "/vetiver/predict", [{}]),
    ("/score", "/score", {}),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    project = tiny_project(tmp_path_factory.mktemp("described"))
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    return App([served], loopback=True, hosts=HOSTS)


@pytest.fixture
def document(app: App, ask: Callable[..., Got]) -> Any:
    return ask(app, "/openapi.json").json


def _keeps(document: Any, got: Got, described: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    answer = described["responses"][str(got.status)]
    kind = got.headers["content-type"].partition(";")[0]
    assert kind in answer["content"]
    found = json.loads(got.body) if kind.endswith("json") else got.body.decode()
    jsonschema.validate(found, {**answer["content"][kind]["schema"], "components": document["components"]})


def test_each_address_is_answered(app: App, document: Any) -> None:
    values = {"{version}": "1", "{label}": "stable"}
    for path in document["paths"]:
        assert app.router.find(re.sub(r"\{\w+\}", lambda part: values.get(part[0], "1"), path)) is not None, path


@pytest.mark.parametrize("sent", SENT)
def test_what_is_answered_keeps_to_its_description(
    app: App, ask: Callable[..., Got], document: Any, sent: tuple[str, str, Any]
) -> None:
    described, path, body = sent
    _keeps(document, ask(app, path, body), document["paths"][described]["post"])


@pytest.mark.parametrize(
    "path", ["/ping", "/health", "/version", "/well", "/prototype", "/vetiver/metadata", "/v1/models/churn/metadata"]
)
def test_what_is_read_keeps_to_its_description(app: App, ask: Callable[..., Got], document: Any, path: str) -> None:
    _keeps(document, ask(app, path), document["paths"][path]["get"])


def test_the_page_of_the_calls_shows_them(app: App, ask: Callable[..., Got]) -> None:
    page = ask(app, "/docs").body.decode()
    assert PREDICT in page
    assert "/models/churn/invocations" in page
