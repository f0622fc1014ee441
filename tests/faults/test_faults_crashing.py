"""Versions that end the workers that load or ask them: real processes, real deaths."""

from __future__ import annotations

import http.client
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, findings
from mainstay.models.columns import Columns
from mainstay.models.features.code import FeatureCode
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.function import adopt_code
from mainstay.release import Route
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_TASK,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

CODE = """
import os
import numpy as np

def predict(columns):
    tenure = np.asarray(columns["tenure"], dtype=float)
    if (tenure == 99).any() or os.path.exists(r"{poison}"):
        os._exit(139)
    return np.full(len(tenure), 0.5)
"""


class Prey:
    """A project with a good version, and a deadly one: it ends its worker at tenure 99, and always once poisoned."""

    def __init__(self, folder: Path) -> None:
        self.poison = folder / "poison"
        code = FeatureCode(CODE.replace("{poison}", str(self.poison)).encode(), "predict.py")
        model = adopt_code(code, Columns.of(TINY_CONTRACT), TINY_TASK)
        self.project: Project = tiny_project(folder, more=f'[serving]\ntrust = ["{model.code.sha256}"]\n')
        self.good = register_model(self.project, ConstantModel(0.1))
        self.deadly = register_model(self.project, model)
        release_now(self.project, self.good)

    def found(self) -> set[str]:
        return {finding.key for _, finding in findings(EventLog(self.project.books / "events"))}


@pytest.fixture
def prey(tmp_path: Path) -> Prey:
    return Prey(tmp_path)


def ask(server: TestServer, tenure: int = 3) -> int:
    """Ask once; gives the version that answered, 0 where the worker died of it or nobody could."""
    try:
        got = server.post("/predict", GOOD_RECORD | {"tenure": tenure, "customer": str(time.monotonic_ns())})
    except (OSError, http.client.HTTPException):
        return 0
    return int(got.json["version"]) if got.status == 200 else 0


def until(what: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def detail(server: TestServer) -> str:
    try:
        return str(server.get("/readyz").json["models"]["churn"].get("detail", ""))
    except (OSError, http.client.HTTPException):
        return ""


def children(server: TestServer) -> list[int]:
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children", encoding="utf-8") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]


def test_a_version_that_ends_workers_while_it_is_loaded_never_answers(prey: Prey) -> None:
    prey.poison.touch()
    with TestServer.start(prey.project, words=["--workers", "2"]) as server:
        until(lambda: ask(server) == prey.good)
        release_now(prey.project, prey.deadly)
        until(lambda: "ended 2 workers while it was loaded" in detail(server))
        until(lambda: f"server/workers_ended/version {prey.deadly}" in prey.found())
        assert {ask(server) for _ in range(20)} == {prey.good}
        prey.poison.unlink()
        release_now(prey.project, prey.deadly)  # another release of the same version tries it anew
        until(lambda: ask(server) == prey.deadly)
        assert server.terminate() == 0
    assert not list((prey.project.books / "serving" / "workers").glob("*.crash"))


@pytest.mark.full
def test_a_version_that_ends_workers_that_answer_by_it_is_left(prey: Prey) -> None:
    with TestServer.start(prey.project, words=["--workers", "2"]) as server:
        until(lambda: ask(server) == prey.good)
        release_now(prey.project, prey.deadly)
        until(lambda: ask(server) == prey.deadly)
        for _ in range(3):
            until(lambda: ask(server, 99) == 0 or ask(server) == prey.good)
            until(lambda: ask(server) != 0)
        until(lambda: "workers while it answered" in detail(server))
        until(lambda: {ask(server) for _ in range(10)} == {prey.good})
        assert ask(server, 99) == prey.good
        assert server.terminate() == 0


@pytest.mark.full
def test_a_canary_that_ends_workers_leaves_the_champion_answering(prey: Prey) -> None:
    with TestServer.start(prey.project, words=["--workers", "2"]) as server:
        until(lambda: ask(server) == prey.good)
        release_now(prey.project, prey.good, Route(prey.deadly, "canary", 0.5))
        until(lambda: prey.deadly in {ask(server) for _ in range(10)})
        prey.poison.touch()
        until(lambda: 0 not in {ask(server) for _ in range(30)})
        assert "workers while it" in detail(server)
        assert server.get("/readyz").json["models"]["churn"]["version"] == prey.good
        assert server.terminate() == 0


@pytest.mark.full
def test_kill_9_by_an_operator_accuses_nobody(prey: Prey) -> None:
    with TestServer.start(prey.project, words=["--workers", "2"]) as server:
        until(lambda: ask(server) == prey.good)
        for _ in range(4):
            os.kill(children(server)[0], signal.SIGKILL)
            until(lambda: len(children(server)) == 2)
            until(lambda: ask(server) == prey.good)
        assert detail(server) == ""
        assert server.terminate() == 0
    assert prey.found() == set()
