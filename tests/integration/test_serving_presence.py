"""Workers say what they serve: real servers, one registry."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.lifecycle import describe_followed, follow
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import GONE, Presence, Worker, open_books
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

TWO = ["--workers", "2"]


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    register_model(project, ConstantModel(0.5))
    return project


def _rows(project: Project) -> tuple[Worker, ...]:
    with open_books(project) as books:
        return Presence(books.state).rows(project.name)


def _until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_servers_tell_when_all_their_workers_serve_it(released: Project) -> None:
    with TestServer.start(released, words=TWO) as one, TestServer.start(released, words=TWO) as other:
        _until(lambda: sum(row.release == 1 for row in _rows(released)) == 4)
        followed = follow(released, release_now(released, 2))
        assert followed is not None
        said = describe_followed(followed)
        assert said.startswith("churn: every one of 4 workers on 1 machine serves version 2 after ")
        assert followed.seconds < 5
        for server in (one, other):
            assert server.get("/models/churn").json["version"] == 2
        assert one.terminate() == 0
        assert len(_rows(released)) == 2  # who ends in order says so
        followed = follow(released, release_now(released, 1))
        assert followed is not None
        assert len(followed.following) == 2
        assert other.terminate() == 0
    assert _rows(released) == ()


def test_the_verbs_tell_when_every_worker_serves_it(released: Project) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mainstay", *words, "--project", str(released.root), "--reason", "because"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    with TestServer.start(released, words=TWO) as server:
        _until(lambda: sum(row.release == 1 for row in _rows(released)) == 2)
        said = run("release", "2", "--trial").stderr
        assert "churn: every one of 2 workers on 1 machine serves version 2 after " in said
        assert server.get("/models/churn").json["version"] == 2
        told = json.loads(run("rollback", "--json").stdout)
        assert (told["kind"], told["followed"]["version"]) == ("rollback", 1)
        assert {row["machine"] for row in told["followed"]["following"]} == {socket.gethostname()}
        assert told["followed"]["behind"] == []
        assert server.get("/models/churn").json["version"] == 1
        assert json.loads(run("release", "2", "--trial", "--wait", "0", "--json").stdout)["followed"] is None
        assert server.terminate() == 0
    assert "No server of churn runs now; the next one to start serves version 1." in run("rollback").stderr


def test_a_worker_that_cant_write_the_log_says_so_to_whoever_asks_for_the_status(released: Project) -> None:
    def status() -> str:
        command = [sys.executable, "-m", "mainstay", "status", "--project", str(released.root)]
        return " ".join(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split())

    folder = released.books / "events" / "predictions"
    with TestServer.start(released) as server:
        _until(lambda: sum(row.release == 1 for row in _rows(released)) == 1)
        if folder.exists():
            folder.rename(folder.with_name("aside"))
        folder.parent.mkdir(exist_ok=True)
        folder.symlink_to("/sys")  # a folder where nobody may make a file
        _until(lambda: server.post("/models/churn/predict", GOOD_RECORD).status == 503)
        _until(lambda: any("can't be written" in row.trouble for row in _rows(released)))
        assert "answers by release 1: The event log can't be written: " in status()
        folder.unlink()
        _until(lambda: server.post("/models/churn/predict", GOOD_RECORD).status == 200)
        _until(lambda: not any(row.trouble for row in _rows(released)))
        assert "can't be written" not in status()
        assert server.terminate() == 0


def test_a_worker_that_refuses_says_why(released: Project) -> None:
    with TestServer.start(released) as server:
        _until(lambda: len(_rows(released)) == 1)
        path = released.books / "store" / "churn" / "2" / "model" / "model.json"
        path.chmod(0o600)
        path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
        said = describe_followed(follow(released, release_now(released, 2)))
        assert "0 of 1 worker on 1 machine serve version 2" in said
        assert "answers by release 1: Release 2 isn't served: The file 'model/model.json'" in said
        assert server.get("/models/churn").json["version"] == 1


@pytest.mark.full
def test_the_row_of_a_killed_worker_goes_as_long_as_another_lives(released: Project) -> None:
    with TestServer.start(released) as killed, TestServer.start(released) as alive:
        _until(lambda: len(_rows(released)) == 2)
        os.kill(killed.process.pid, 9)
        killed.process.wait()
        _until(lambda: len(_rows(released)) == 1, 3 * GONE)
        assert _rows(released)[0].pid == alive.process.pid
