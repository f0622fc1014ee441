"""The description of the server is right: what it says is taken is taken, what comes back is what it says.

Schemathesis reads ``/openapi.json`` of a real server and asks every call that stands there: examples, each limit, and
requests drawn at random, of which some keep to the description and some don't. It isn't asked to find that everything
else is refused: a contract reads more than anybody should send (numbers written as text), and says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.peers import peer

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.task import Task
from mainstay.release import Route
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMATHESIS = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
LIMITS = "[serving]\nmax_records = 100\n"
"""As many as are explained at once: predict takes no more with ``explain=true``, which no schema can say."""
KEY = "#/components/parameters/IdempotencyKey"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    project = tiny_project(tmp_path_factory.mktemp("described"), more=LIMITS)
    first, second = register_model(project, TINY_MODEL), register_model(project, TINY_MODEL)
    release_now(project, first, Route(second, "canary", 0.2))
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield running


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """Serve a question of each kind."""
    folder = tmp_path_factory.mktemp("several")
    yes_no, grade, amount = (tiny_project(folder, name, LIMITS) for name in ("churn", "grade", "amount"))
    release_now(yes_no, register_model(yes_no, TINY_MODEL))
    classes = Task(kind="multiclass", target="plan", labels=("none", "small", "large"))
    release_now(grade, register_model(grade, SoftmaxModel((TINY_MODEL, TINY_MODEL, TINY_MODEL)), task=classes))
    release_now(amount, register_model(amount, ConstantModel(12.5), task=Task(kind="regression", target="demand")))
    with TestServer.start(yes_no, grade, amount) as running:
        running.wait("/readyz")
        yield running


def keyless(document: Any) -> Any:
    """Leave the Idempotency-Key out: drawn at random it comes twice, and is refused rightly the second time."""
    for item in document["paths"].values():
        for operation in (item[method] for method in ("get", "post") if method in item):
            operation["parameters"] = [each for each in operation["parameters"] if each.get("$ref") != KEY]
    return document


def complaints(server: TestServer, document: Any, folder: Path, *words: str) -> str:
    """Run schemathesis; gives what it complains of, empty where nothing is wrong."""
    if SCHEMATHESIS is None:
        pytest.skip("NOT TESTED: schemathesis isn't installed")
    (folder / "openapi.json").write_text(json.dumps(document), "utf-8")
    url = f"http://127.0.0.1:{server.port}"
    command = [SCHEMATHESIS, "run", "openapi.json", "--url", url, "--no-color", "-c", "all", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3000, cwd=folder)
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-6000:]


NATIVE = ("--include-path-regex", r"^/(models/[^/]+/)?(predict|explain)$")
"""Feedback aside: that a time doesn't lie in the future is nothing a schema can say."""
LENIENT = ("--exclude-checks", "negative_data_rejection")
LOOSE = ("--exclude-checks", "negative_data_rejection,positive_data_acceptance")
"""Other protocols say in their schemas less than a contract asks."""
ALIKE = "--generation-deterministic"
PHASES = "examples,coverage,fuzzing"


def test_what_a_native_call_is_said_to_take_it_takes(server: TestServer, tmp_path: Path) -> None:
    document = keyless(server.get("/openapi.json").json)
    assert complaints(server, document, tmp_path, *NATIVE, *LENIENT, ALIKE, "-n", "5", "--phases", PHASES) == ""


def test_what_comes_back_is_what_is_said(server: TestServer, tmp_path: Path) -> None:
    document = server.get("/openapi.json").json
    assert complaints(server, document, tmp_path, *LOOSE, ALIKE, "-n", "3", "--phases", "examples,fuzzing") == ""


@pytest.mark.full
@pytest.mark.parametrize("which", ["server", "several"])
def test_what_native_calls_take_whatever_is_drawn(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: TestServer = request.getfixturevalue(which)
    document = keyless(server.get("/openapi.json").json)
    assert complaints(server, document, tmp_path, *NATIVE, *LENIENT, "-n", "200", "--phases", PHASES) == ""


@pytest.mark.full
@pytest.mark.parametrize("which", ["server", "several"])
def test_what_comes_back_whatever_is_drawn(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: TestServer = request.getfixturevalue(which)
    document = server.get("/openapi.json").json
    assert complaints(server, document, tmp_path, *LOOSE, "-n", "60", "--phases", "examples,fuzzing") == ""


CHECK = """
import json, sys
from openapi_spec_validator import validate
validate(json.load(open(sys.argv[1])))
"""


@pytest.mark.full
def test_the_document_is_openapi_3_1(several: TestServer, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_bytes(several.get("/openapi.json").body)
    python = peer("openapi", "openapi-spec-validator>=0.7") / "python"
    done = subprocess.run([python, "-c", CHECK, tmp_path / "openapi.json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
