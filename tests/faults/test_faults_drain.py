"""The end of a server, or of one worker, under load: what was taken is answered, what was answered is logged."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Prediction, tail
from mainstay.events.segments import digest, read_seal
from mainstay.release import Presence, open_books
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

    from mainstay.project import Project

BODY = b'{"tenure":1,"charge":2,"plan":"basic"}'
REQUEST = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(BODY), BODY)
)
CALLERS = 4
DEPTH = 8  # requests of a pipeline


class Caller(threading.Thread):
    """Asks over one connection after another, until no connection is taken or it is told to stop.

    Parameters
    ----------
    port : int
        Of the server.
    depth : int
        Requests under way at once; more than 1 are a pipeline.
    pause : float
        Seconds between an answer and the next request.

    """

    def __init__(self, port: int, depth: int, pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.ids: list[str] = []
        """Of what was answered with 200."""
        self.times: list[float] = []
        """When that was."""
        self.others: list[int] = []
        """Every other status."""
        self.broken: list[float] = []
        """When connections were opened that ended between a request and its answer."""
        self.stop = threading.Event()
        self._port, self._depth, self._pause = port, depth, pause
        self.start()

    def run(self) -> None:
        while not self.stop.is_set():
            opened = time.monotonic()
            try:
                link = socket.create_connection(("127.0.0.1", self._port), timeout=20)
            except OSError:  # the door is closed: nothing was sent
                return
            with link, link.makefile("rb") as answers:
                try:
                    while not self.stop.is_set() and self._ask(link, answers):
                        pass
                except (OSError, EOFError):
                    self.broken.append(opened)

    def _ask(self, link: socket.socket, answers: BufferedReader) -> bool:
        """Send a pipeline and take its answers; says whether the connection goes on."""
        time.sleep(self._pause)
        link.sendall(REQUEST * self._depth)
        for _ in range(self._depth):
            head = _head(answers)
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = answers.read(int(length[1]) if length else 0)
            if length and len(body) < int(length[1]):  # whoever sent it was killed in the middle of it
                raise EOFError
            told = re.search(rb'"id":"([^"]+)"', body)
            if head[9:12] == b"200" and told:
                self.ids.append(told[1].decode())
                self.times.append(time.monotonic())
            else:
                self.others.append(int(head[9:12]))
            if (
                b"connection: close" in head.lower()
            ):  # and so what was sent behind this one wasn't taken (RFC 9112, 9.6)
                assert answers.read() == b""
                return False
        return True


def _head(answers: BufferedReader) -> bytes:
    lines = []
    while (line := answers.readline()) != b"\r\n":
        if not line:
            raise EOFError
        lines.append(line)
    return b"".join(lines)


@contextmanager
def calling(server: TestServer, depth: int, pause: float = 0.0) -> Iterator[list[Caller]]:
    """Let callers ask, once each of them was answered."""
    callers = [Caller(server.port, depth, pause) for _ in range(CALLERS)]
    try:
        until(lambda: all(len(caller.ids) > 5 * depth for caller in callers))
        yield callers
    finally:
        for caller in callers:
            caller.stop.set()
        for caller in callers:
            caller.join(30)


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    return project


def logged(project: Project) -> Counter[str]:
    log = EventLog(project.books / "events")
    return Counter(event.id for event in tail(log, 10_000_000, ("predictions",)) if isinstance(event, Prediction))


def children(server: TestServer) -> set[int]:
    pid = server.process.pid
    return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()}


def both_answer(project: Project) -> bool:
    with open_books(project) as books:
        return len(Presence(books.state).rows(project.name)) == 2


@pytest.mark.parametrize("depth", [1, DEPTH])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_asked_to_leave_answers_what_it_took(released: Project, workers: int, depth: int) -> None:
    with TestServer.start(released, words=["--workers", str(workers)]) as server:
        server.wait("/readyz")
        with calling(server, depth) as callers:
            asked = time.monotonic()
            assert server.terminate(60) == 0
        assert not any(caller.is_alive() for caller in callers)
    assert [status for caller in callers for status in caller.others] == []
    # Who came after that may have waited at a door that closed: nothing of theirs was read.
    assert [opened for caller in callers for opened in caller.broken if opened < asked] == []
    assert Counter(name for caller in callers for name in caller.ids) == logged(released)


@pytest.mark.parametrize("durability", ["disk", "async"])
def test_a_server_that_is_asked_to_leave_writes_what_waits(tmp_path: Path, durability: str) -> None:
    project = tiny_project(tmp_path, more=f'[events]\ndurability = "{durability}"\n')
    release_now(project, register_model(project, TINY_MODEL))
    test_a_server_that_is_asked_to_leave_answers_what_it_took(project, 1, DEPTH)
    folder = project.books / "events" / "predictions"
    assert all(read_seal(path) == digest(path) for path in folder.glob("*.jsonl"))
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("depth", [1, DEPTH])
def test_a_killed_worker_takes_its_own_connections_along_and_nothing_else(released: Project, depth: int) -> None:
    with TestServer.start(released, words=["--workers", "2"]) as server:
        until(lambda: both_answer(released))
        victim = min(children(server))
        with calling(server, depth) as callers:
            os.kill(victim, 9)
            more = [len(caller.ids) + 20 * depth for caller in callers]
            until(lambda: all(len(caller.ids) > many for caller, many in zip(callers, more, strict=True)))
            until(lambda: len(children(server) - {victim}) == 2)
        assert server.terminate(60) == 0
        assert "another one takes its place" in server.said()
    assert [status for caller in callers for status in caller.others] == []
    assert all(len(caller.broken) <= 1 for caller in callers)
    found, written = Counter(name for caller in callers for name in caller.ids), logged(released)
    assert set(found.values()) == set(written.values()) == {1}
    assert found.keys() <= written.keys()
