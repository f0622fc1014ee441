"""What surrounds an answer of other protocols: the version the caller names, keys, the log, port and workers."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route, open_books
from mainstay.serving.guard import key_file
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "other-protocols.md"
BODY = {"instances": [GOOD_RECORD]}
AT = "/v1/models/churn"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = tiny_project(tmp_path_factory.mktemp("doors-release"))
    first, second = register_model(made, ConstantModel(0.25)), register_model(made, ConstantModel(0.75))
    release_now(made, first, Route(second, "canary", 0.5))
    return made


@pytest.fixture(scope="module")
def tokens(project: Project) -> dict[str, str]:
    file, now = key_file(project), dt.datetime.now(dt.UTC)
    return {scope: file.add(scope, (scope,), now=now)[1] for scope in ("predict", "read")}


@pytest.fixture(scope="module")
def server(project: Project, tokens: dict[str, str]) -> Iterator[TestServer]:
    assert tokens
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield running


def _score(server: TestServer, path: str, token: str) -> Any:
    got = server.post(path, BODY, Authorization=f"Bearer {token}")
    assert got.status == 200, got.body
    return got.json["predictions"][0]["score"]


def test_the_version_that_is_named_answers(server: TestServer, tokens: dict[str, str]) -> None:
    key = tokens["predict"]
    for _ in range(5):
        assert (
            _score(server, f"{AT}/versions/1:predict", key)
            == _score(server, f"{AT}/labels/stable:predict", key)
            == 0.25
        )
        assert (
            _score(server, f"{AT}/versions/2:predict", key)
            == _score(server, f"{AT}/labels/canary:predict", key)
            == 0.75
        )
    by_entity = {_score(server, f"{AT}:predict", key) for _ in range(5)}
    assert len(by_entity) == 1


def test_the_status_tells_of_each_version(server: TestServer, tokens: dict[str, str]) -> None:
    head = {"Authorization": f"Bearer {tokens['read']}"}
    told = server.get(AT, **head).json["model_version_status"]
    assert [(each["version"], each["state"]) for each in told] == [("1", "AVAILABLE"), ("2", "AVAILABLE")]
    assert server.get(f"{AT}/labels/canary", **head).json["model_version_status"][0]["version"] == "2"
    assert server.get(f"{AT}/versions/2/metadata", **head).json["model_spec"]["version"] == "2"


def test_keys_are_asked_for_in_the_protocols_words(server: TestServer, tokens: dict[str, str]) -> None:
    refused = server.post(f"{AT}:predict", BODY)
    assert (refused.status, list(refused.json)) == (401, ["error"])
    refused = server.post("/invocations", {"inputs": [GOOD_RECORD]})
    assert (refused.status, refused.json["error_code"]) == (401, "UNAUTHENTICATED")
    refused = server.post("/invocations", {"inputs": [GOOD_RECORD]}, Authorization=f"Bearer {tokens['read']}")
    assert (refused.status, refused.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert server.post("/vetiver/predict", [GOOD_RECORD]).status == 401
    assert (server.get(AT).status, list(server.get(AT).json)) == (401, ["error"])
    # A container's host has no key to show where it only asks whether all is well.
    assert server.get("/ping").status == server.get("/health").status == 200


def test_what_a_door_answers_is_in_the_log_and_counted(
    server: TestServer, project: Project, tokens: dict[str, str]
) -> None:
    got = server.post(
        f"{AT}/versions/2:predict", BODY, Authorization=f"Bearer {tokens['predict']}", **{"X-Request-Id": "seen-7"}
    )
    name = got.json["predictions"][0]["id"]
    with open_books(project) as books:
        lines = [line for path in books.log.segments("predictions") for line in path.read_bytes().splitlines()]
    (kept,) = (json.loads(line) for line in lines if name.encode() in line)
    assert (kept["mainstay.version"], kept["http.request.id"]) == (2, "seen-7")
    counted = server.get("/metrics", Authorization=f"Bearer {tokens['read']}").body.decode()
    assert re.search(r'mainstay_requests_total\{[^}]*route="tfs"[^}]*\}', counted)


def test_the_environment_says_port_and_workers(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    port = free_port()
    told = {**os.environ, "SAGEMAKER_BIND_TO_PORT": str(port), "PORT": "1", "WEB_CONCURRENCY": "2"}
    told["PATH"] = f"{Path(sys.executable).parent}:{told['PATH']}"
    # As a container is run: `docker run IMAGE serve`.
    entry = re.search(r"ENTRYPOINT (.*)", PAGE.read_text(encoding="utf-8"))
    assert entry is not None
    command = [*json.loads(entry[1]), "serve"]
    with subprocess.Popen(command, cwd=project.root, env=told, stderr=subprocess.DEVNULL) as running:
        try:
            assert json.loads(_patiently(f"http://127.0.0.1:{port}/ping")) == {"ping": "pong"}
            workers = subprocess.run(
                ["pgrep", "-P", str(running.pid)], capture_output=True, text=True, check=True
            ).stdout.split()
            assert len(workers) == 2
        finally:
            running.terminate()
            running.wait(20)


def _patiently(address: str) -> bytes:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - loopback
                found: bytes = answer.read()
                return found
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{address} never answered.")
