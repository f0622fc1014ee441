"""The server as a process: how it starts, what it holds, how it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Prediction, tail
from mainstay.models.frameworks.constant import ConstantModel
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
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    return project


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mainstay.serving", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_worker_holds_no_training_stack() -> None:
    code = (
        "import importlib, sys, mainstay.serving.__main__, mainstay.models.load as load\n"
        "for name in load.known_frameworks():\n"
        "    importlib.import_module(f'mainstay.models.frameworks.{name}')\n"
        "held = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(held & {'polars', 'sklearn', 'pandas', 'lightgbm', 'scipy', 'pyarrow', 'jinja2', 'rich'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_it_starts_unreleased_and_picks_the_release_up(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    with TestServer.start(project) as server:
        assert server.post("/models/churn/predict", GOOD_RECORD).status == 503
        release_now(project, register_model(project, TINY_MODEL))
        begun = time.monotonic()
        server.wait("/readyz")
        assert time.monotonic() - begun < 2
        assert server.post("/models/churn/predict", GOOD_RECORD).status == 200
        assert server.terminate() == 0
        assert "no version released yet" in server.said()


def test_a_port_in_use_is_one_sentence_and_exit_2(released: Project) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = _run("--project", str(released.root), "--port", str(port))
    assert done.returncode == 2
    assert done.stderr == (
        f"mainstay: Port {port} on 127.0.0.1 is in use by another program. Choose another: --port N.\n"
    )


def test_other_machines_need_insecure(released: Project) -> None:
    done = _run("--project", str(released.root), "--host", "0.0.0.0")  # noqa: S104 - refused
    assert done.returncode == 2
    assert "--insecure" in done.stderr


def test_no_project_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    done = _run("--project", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_corrupt_registry_is_one_sentence_and_exit_2(released: Project) -> None:
    (released.books / "registry.sqlite").write_bytes(b"garbage" * 1000)
    done = _run("--project", str(released.root), "--port", str(free_port()))
    assert done.returncode == 2
    assert done.stderr.startswith("mainstay: ")
    assert done.stderr.count("\n") == 1


def test_the_registry_may_go_while_it_serves(released: Project) -> None:
    with TestServer.start(released) as server:
        shutil.move(released.books / "registry.sqlite", released.books / "elsewhere")
        time.sleep(0.6)
        assert server.post("/models/churn/predict", GOOD_RECORD).status == 200
        ready = server.get("/readyz")
        assert ready.status == 200
        assert "can't be read" in ready.json["models"]["churn"]["detail"]
        shutil.move(released.books / "elsewhere", released.books / "registry.sqlite")
        release_now(released, register_model(released, ConstantModel(0.5)))
        server.wait_for_version(2)


def test_releases_under_load_fail_no_request(released: Project) -> None:
    for value in (0.25, 0.75):
        register_model(released, ConstantModel(value))
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    with TestServer.start(released) as server:

        def hammer() -> None:
            connection = server.connection()
            while not done.is_set():
                connection.request("POST", "/predict", b'{"tenure":1,"charge":2,"plan":"basic"}')
                response = connection.getresponse()
                body = response.read()
                seen.append((response.status, int(re.findall(rb'"version":(\d+)', body)[0])))
            connection.close()

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for version in (2, 3, 1, 2, 3):
            release_now(released, version)
            server.wait_for_version(version)
        done.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {1, 2, 3}


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_loses_no_acknowledged_prediction(released: Project, workers: int) -> None:
    acknowledged: list[str] = []

    with TestServer.start(released, words=["--workers", str(workers)]) as server:
        server.wait("/readyz")

        def hammer() -> None:
            response: http.client.HTTPResponse | None = None
            with closing(server.connection()) as connection:
                try:
                    while True:
                        connection.request("POST", "/predict", b'{"tenure":1,"charge":2,"plan":"basic"}')
                        response = connection.getresponse()
                        acknowledged.append(json.loads(response.read())["id"])
                except (OSError, ValueError, http.client.HTTPException):  # killed
                    if response is not None:
                        response.close()  # half an answer holds the socket open

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        for pid in [*_children(server.process.pid), server.process.pid]:
            os.kill(pid, 9)
        for thread in threads:
            thread.join()
    log = EventLog(released.books / "events")
    logged = [event.id for event in tail(log, 1_000_000, ("predictions",)) if isinstance(event, Prediction)]
    assert len(acknowledged) > 50
    assert set(acknowledged) <= set(logged)
    assert len(logged) == len(set(logged))


def test_sigterm_answers_everything_that_was_sent(released: Project) -> None:
    failures: list[str] = []
    answered = [0]
    leaving = threading.Event()

    with TestServer.start(released) as server:

        def hammer() -> None:
            while not leaving.is_set():
                try:
                    connection = server.connection()
                    connection.connect()
                except ConnectionError:  # it takes no more: that is not a dropped request
                    return
                try:
                    closing = False
                    while not closing:
                        connection.request("POST", "/predict", b'{"tenure":1,"charge":2,"plan":"basic"}')
                        response = connection.getresponse()
                        response.read()
                        answered[0] += 1
                        closing = response.will_close
                        if response.status != 200:
                            failures.append(str(response.status))
                except OSError as error:
                    failures.append(repr(error))
                finally:
                    connection.close()

        threads = [threading.Thread(target=hammer) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.4)
        before = answered[0]
        assert server.terminate() == 0
        leaving.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert answered[0] > before


def test_readiness_falls_before_the_door_closes(released: Project) -> None:
    with TestServer.start(released) as server:
        connection = server.connection()
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        server.process.terminate()
        time.sleep(0.2)
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        assert response.status == 503
        assert b"draining" in response.read()
        connection.close()
        assert server.process.wait(15) == 0


def test_metrics_are_right_whichever_worker_answers(released: Project) -> None:
    with TestServer.start(released, words=["--workers", "2"]) as server:
        server.wait("/readyz")
        for _ in range(40):
            assert server.post("/predict", GOOD_RECORD).status == 200
        wanted = 'mainstay_predictions_total{model="churn",role="champion",version="1"} 40.0'
        for _ in range(6):
            assert wanted in server.get("/metrics").body.decode()
        for pid in _children(server.process.pid):
            os.kill(pid, 9)
        time.sleep(0.5)
        server.wait("/readyz")
        server.post("/predict", GOOD_RECORD)
        assert wanted.replace("40", "41") in server.get("/metrics").body.decode()
        assert server.terminate() == 0
        assert "another one takes its place" in server.said()


def test_a_killed_worker_is_missed_for_less_than_two_seconds(released: Project) -> None:
    with TestServer.start(released, words=["--workers", "2"]) as server:
        server.wait("/readyz")
        time.sleep(2.5)  # both have loaded
        os.kill(_children(server.process.pid)[0], 9)
        begun = time.monotonic()
        while len(_children(server.process.pid)) < 2:
            assert time.monotonic() - begun < 2
            time.sleep(0.02)
        for _ in range(20):
            assert server.post("/predict", GOOD_RECORD).status == 200


def test_workers_leave_with_a_supervisor_that_was_killed(released: Project) -> None:
    with TestServer.start(released, words=["--workers", "2"]) as server:
        children = _children(server.process.pid)
        os.kill(server.process.pid, 9)
        end = time.monotonic() + 10
        while any(_lives(pid) for pid in children):
            assert time.monotonic() < end
            time.sleep(0.05)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - not a file of ours
        return [int(word) for word in file.read().split()]


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - as above
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
