"""The client where servers, networks and answers fail: what it tries again, gives up, and what the log holds."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mainstay import AsyncClient, Client
from mainstay.client import Answer, Patience, UnavailableError, answer_ids
from mainstay.events import EventLog, Prediction, tail
from mainstay.events.read import read_predictions
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.project import Project

ANSWER = {"id": "x", "prediction": "No", "score": 0.25, "decision": "none", "version": 1, "degraded": False}
QUICK = Patience(connect=2, read=2, total=20, retries=4, first_wait=0.01, longest_wait=1.5)


def whole(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


GOOD = whole("200 OK", json.dumps(ANSWER).encode())
BUSY = whole("503 Service Unavailable", b'{"type":"urn:mainstay:problem:busy","detail":"Busy."}', "Retry-After: 1")
LONG = whole("429 Too Many Requests", b'{"type":"urn:mainstay:problem:rate","detail":"Too often."}', "Retry-After: 90")


class Faulty:
    """A server that answers each request by what stands next on its list: bytes, and then it may hang up.

    Parameters
    ----------
    deeds : bytes, float or None
        What is sent; how long nothing is; None: the connection is closed without a word.

    """

    def __init__(self, *deeds: bytes | float | None) -> None:
        self.deeds = list(deeds)
        self.keys: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller:
            while self.deeds and (request := _read(caller)):
                lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
                self.keys += [line[16:].strip() for line in lines if line.lower().startswith("idempotency-key:")]
                deed = self.deeds.pop(0)
                if deed is None:
                    return
                if isinstance(deed, float):
                    time.sleep(deed)
                    return
                caller.sendall(deed)
                if not deed.endswith(b"}"):
                    return

    def close(self) -> None:
        self._listener.close()


def _read(caller: socket.socket) -> bytes:
    """Read one whole request; empty where no more come."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = caller.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = sum(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def faulty(*deeds: bytes | float | None) -> Iterator[Faulty]:
    server = Faulty(*deeds)
    try:
        yield server
    finally:
        server.close()


def ask(kind: str, url: str, patience: Patience = QUICK) -> Answer:
    if kind == "sync":
        with Client(url, model="churn", patience=patience) as client:
            return client.predict(GOOD_RECORD)

    async def together() -> Answer:
        async with AsyncClient(url, model="churn", patience=patience) as client:
            return await client.predict(GOOD_RECORD)

    return asyncio.run(together())


KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@KINDS
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(None, id="closed before it answered"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="closed within the head"),
        pytest.param(GOOD[:-9], id="closed within the body"),
        pytest.param(b"\x16\x03\x01 what is this\r\n\r\n", id="no HTTP"),
    ],
)
def test_a_broken_answer_is_asked_for_again_under_the_same_key(kind: str, fault: bytes | None) -> None:
    with faulty(fault, fault, GOOD) as server:
        assert ask(kind, server.url).score == 0.25
        assert len(server.keys) == 3
        assert len(set(server.keys)) == 1


@KINDS
def test_who_is_busy_is_left_alone_as_long_as_it_says(kind: str) -> None:
    with faulty(BUSY, GOOD) as server:
        begun = time.monotonic()
        assert ask(kind, server.url).version == 1
        assert time.monotonic() - begun >= 1
        assert len(set(server.keys)) == 1


@KINDS
def test_who_wants_to_be_left_alone_for_long_is_told_of_at_once(kind: str) -> None:
    with faulty(LONG) as server, pytest.raises(UnavailableError) as caught:
        ask(kind, server.url)
    assert (caught.value.retry_after, caught.value.cause, caught.value.status) == (90, "rate", 429)
    assert [caught.value.key] == server.keys


@KINDS
def test_who_is_slow_is_given_up_and_not_asked_again(kind: str) -> None:
    with faulty(20.0, GOOD) as server, pytest.raises(UnavailableError, match="didn't answer in time") as caught:
        ask(kind, server.url, Patience(read=0.2, total=5))
    assert server.keys == [caught.value.key]


@KINDS
def test_who_drips_is_given_up_when_the_whole_time_is_over(kind: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        caller, _ = listener.accept()
        with caller:
            _read(caller)
            try:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n":
                    caller.sendall(bytes([byte]))
                while True:
                    caller.sendall(b" ")
                    time.sleep(0.02)
            except OSError:  # the client has left
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    begun = time.monotonic()
    with listener, pytest.raises(UnavailableError, match="didn't answer in time"):
        ask(kind, f"http://127.0.0.1:{listener.getsockname()[1]}", Patience(read=1, total=0.5))
    thread.join(10)
    assert time.monotonic() - begun < 10
    assert not thread.is_alive()


def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    with faulty(GOOD + b" ", GOOD) as server, Client(server.url, model="churn", patience=QUICK) as client:
        server.deeds[0] = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
        first = client.predict(GOOD_RECORD)
        server.deeds[:] = [None, GOOD]  # closed as the next request comes, as an idle connection is
        assert client.predict(GOOD_RECORD) == first
        assert server.keys[1] == server.keys[2]
        assert server.keys[0] != server.keys[1]


class Proxy:
    """Passes requests on to a server, and loses the first answers.

    Parameters
    ----------
    port : int
        Of the server.
    lost : int
        How many answers are lost on their way.

    """

    def __init__(self, port: int, lost: int) -> None:
        self._port = port
        self._lost = lost
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(("127.0.0.1", self._port)) as server:
            server.settimeout(10)
            while request := _read(caller):
                server.sendall(request)
                answer = server.recv(1 << 20)
                if self._lost > 0 and b"HTTP/1.1 200" in answer:
                    self._lost -= 1
                    return
                caller.sendall(answer)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    release_now(made, register_model(made, TINY_MODEL))
    return made


def logged(project: Project) -> list[str]:
    return [event.id for event in tail(EventLog(project.books / "events"), 1000) if isinstance(event, Prediction)]


def test_an_answer_that_was_lost_is_given_again_and_logged_once(project: Project) -> None:
    with TestServer.start(project) as server:
        server.wait("/readyz")
        proxy = Proxy(server.port, lost=2)
        answer = ask("sync", proxy.url)
        proxy.close()
        assert logged(project) == [answer.id]
        page = server.get("/metrics").body.decode()
        replays = [float(line.rpartition(" ")[2]) for line in page.splitlines() if 'cause="replay"' in line]
        assert sum(replays) == 2


def test_an_answer_that_never_came_is_in_the_log_under_its_key(project: Project) -> None:
    with TestServer.start(project) as server:
        server.wait("/readyz")
        proxy = Proxy(server.port, lost=100)
        with pytest.raises(UnavailableError, match="closed the connection before it answered") as caught:
            ask("async", proxy.url)
        proxy.close()
        assert logged(project) == answer_ids(caught.value.key, 1)


def test_with_several_workers_a_lost_answer_is_counted_once(project: Project) -> None:
    with TestServer.start(project, words=("--workers", "2")) as server:
        server.wait("/readyz")
        answers = []
        for _ in range(6):
            proxy = Proxy(server.port, lost=2)
            answers.append(ask("sync", proxy.url))
            proxy.close()
    ids = [answer.id for answer in answers]
    assert len(logged(project)) >= 6
    assert set(logged(project)) == set(ids)
    frame = read_predictions(EventLog(project.books / "events"), TINY_CONTRACT)
    assert sorted(frame["id"].to_list()) == sorted(ids)


def test_a_server_that_restarts_between_two_tries_answers_the_second(project: Project) -> None:
    port = free_port()
    command = [sys.executable, "-m", "mainstay.serving", "--project", str(project.root), "--port", str(port)]

    def start() -> TestServer:
        return TestServer(project, subprocess.Popen(command, stderr=subprocess.PIPE), port)

    patience = Patience(connect=2, read=10, total=60, retries=40, first_wait=0.2, longest_wait=0.5)
    with Client(f"http://127.0.0.1:{port}", model="churn", patience=patience) as client:
        with start() as server:
            server.wait("/readyz")
            first = client.predict(GOOD_RECORD)
            server.process.kill()
            server.process.wait()
        came: list[Answer] = []
        asking = threading.Thread(target=lambda: came.append(client.predict(GOOD_RECORD)))
        asking.start()
        with start() as server:
            server.wait("/readyz")
            asking.join(60)
            assert len(came) == 1
            assert [answer.score for answer in came] == [first.score]
            assert logged(project) == [first.id, came[0].id]
