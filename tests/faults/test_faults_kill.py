"""kill -9 of workers, and of whole servers, under load: what was answered is in the log, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from tests.faults.test_faults_drain import CALLERS, calling, children, logged, until

from mainstay.events import EventLog
from mainstay.events.segments import read_seal, seal
from mainstay.release import Presence, open_books
from mainstay.serving.testing import TINY_MODEL, TestServer, free_port, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.test_faults_drain import Caller

    from mainstay.project import Project

WORKERS = 2
_PAUSE = 0.002
_SILENCE = 2.0  # seconds in which somebody is answered, whatever is killed
_READY = 3.0  # seconds from the start of a server to its first answer
_BUSY = (
    5.0  # how much longer that may take where other tests run beside: the figures themselves are for a quiet machine
)


def project_of(folder: Path, durability: str) -> Project:
    project = tiny_project(folder, more=f'[events]\ndurability = "{durability}"\n')
    release_now(project, register_model(project, TINY_MODEL))
    return project


def start(project: Project, port: int) -> TestServer:
    """Start a server where one was before, as a supervisor of the system does."""
    words = ["--project", str(project.root), "--port", str(port), "--workers", str(WORKERS)]
    command = [sys.executable, "-m", "mainstay.serving", *words]
    return TestServer(project, subprocess.Popen(command, stderr=subprocess.PIPE), port)


def all_answer(project: Project, pids: set[int]) -> bool:
    with open_books(project) as books:
        return len(pids) == WORKERS and pids <= {row.pid for row in Presence(books.state).rows(project.name)}


def acked(callers: list[Caller]) -> Counter[str]:
    return Counter(name for caller in callers for name in caller.ids)


def longest_silence(callers: list[Caller]) -> float:
    """Give the longest time in which nobody was answered."""
    times = sorted(time for caller in callers for time in caller.times)
    return max(later - sooner for sooner, later in pairwise(times))


@pytest.mark.parametrize(
    ("durability", "kills", "busy"),
    [
        ("process", 5, _BUSY),
        pytest.param("process", 50, 1.0, marks=pytest.mark.full),
        pytest.param("disk", 50, 1.0, marks=pytest.mark.full),
    ],
)
def test_workers_that_are_killed_again_and_again_lose_nothing(
    tmp_path: Path, durability: str, kills: int, busy: float
) -> None:
    project, dice = project_of(tmp_path, durability), random.Random(kills)  # noqa: S311 - no secret
    with TestServer.start(project, words=["--workers", str(WORKERS)]) as server:
        server.wait("/readyz")
        until(lambda: all_answer(project, children(server)))
        with calling(server, 1, _PAUSE) as callers:
            for _ in range(kills):
                time.sleep(dice.random() * 0.3)
                victim = dice.choice(sorted(children(server)))
                os.kill(victim, signal.SIGKILL)
                more = len(acked(callers)) + 40
                until(lambda more=more: len(acked(callers)) > more)  # type: ignore[misc]
                until(lambda victim=victim: all_answer(project, children(server) - {victim}))  # type: ignore[misc]
        assert server.terminate(60) == 0
    found, written = acked(callers), logged(project)
    assert set(found.values()) == set(written.values()) == {1}
    assert found.keys() <= written.keys()
    assert [status for caller in callers for status in caller.others] == []
    assert sum(len(caller.broken) for caller in callers) <= kills * CALLERS  # no more than were under way
    assert longest_silence(callers) < _SILENCE * busy
    for path in EventLog(project.books / "events").segments("predictions"):
        assert seal(path) == read_seal(path)  # what killed writers left is sealed by who finds it


@pytest.mark.parametrize(
    ("durability", "busy"), [("process", _BUSY), pytest.param("disk", 1.0, marks=pytest.mark.full)]
)
def test_a_server_that_is_killed_whole_loses_nothing_and_is_back_soon(
    tmp_path: Path, durability: str, busy: float
) -> None:
    project, port = project_of(tmp_path, durability), free_port()
    everything: Counter[str] = Counter()
    took: list[float] = []
    for _ in range(4):
        begun = time.monotonic()
        with start(project, port) as server:
            _wait(server)
            took.append(time.monotonic() - begun)
            with calling(server, 1, _PAUSE) as callers:
                # The supervisor first: its workers must neither be replaced nor live on.
                workers = children(server)
                server.process.kill()
                for worker in workers:
                    os.kill(worker, signal.SIGKILL)
            everything += acked(callers)
        if len(took) > 1 and min(took) < _READY * busy:
            break
    written = logged(project)
    assert set(everything.values()) == set(written.values()) == {1}
    assert everything.keys() <= written.keys()
    assert min(took) < _READY * busy


def _wait(server: TestServer) -> None:
    def ready() -> bool:
        try:
            return server.get("/readyz").status == 200
        except OSError:
            return False

    until(ready)
