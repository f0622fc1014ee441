"""A server that may open no more files: it refuses in a sentence, doesn't end, and goes on when it may."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Prediction, tail
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
    import http.client

    from mainstay.project import Project

FILES = 64
pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit") or not Path("/proc/self/fd").is_dir(),
    reason="NOT TESTED without files: this system limits none from outside",
)


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    return project


def limit(server: TestServer, files: int) -> None:
    """Let it open no more than so many; what is open stays open."""
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files, hard))


def test_a_log_that_cannot_be_opened_refuses_until_it_can(released: Project) -> None:
    with TestServer.start(released) as server:
        server.wait("/readyz")
        before, _ = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        known = server.connection()
        known.request("GET", "/livez")
        known.getresponse().read()
        limit(server, 1)
        said = [_predict(known) for _ in range(3)]
        assert [status for status, _ in said] == [503] * 3
        assert all(b"problem:log" in body for _, body in said)
        assert _livez(server.port) == b""
        limit(server, before)
        assert _predict(known)[0] == 200
        server.wait("/readyz")
        assert server.post("/predict", GOOD_RECORD).status == 200
        known.close()
        assert server.terminate() == 0
    assert len([event for event in tail(EventLog(released.books / "events")) if isinstance(event, Prediction)]) == 2


def test_a_server_with_few_files_turns_connections_away_and_takes_others_later(released: Project) -> None:
    port = free_port()
    words = ["prlimit", f"--nofile={FILES}:{FILES}", sys.executable, "-m", "mainstay.serving"]
    words += ["--project", str(released.root), "--port", str(port)]
    with TestServer(released, subprocess.Popen(words, stderr=subprocess.PIPE), port) as server:
        _ready(server)
        with ExitStack() as stack:
            said = [_livez(port, stack) for _ in range(2 * FILES)]
        assert said[0] == b"HTTP/1.1 200"
        assert b"HTTP/1.1 503" in said
        assert b"HTTP/1.1 200" not in said[FILES:]
        _ready(server)
        assert server.post("/predict", GOOD_RECORD).status == 200
        assert server.terminate() == 0
        assert "Traceback" not in server.said()


def _predict(known: http.client.HTTPConnection) -> tuple[int, bytes]:
    known.request("POST", "/predict", json.dumps(GOOD_RECORD), {"Content-Type": "application/json"})
    got = known.getresponse()
    return got.status, got.read()


def _livez(port: int, stack: ExitStack | None = None) -> bytes:
    """Ask on a connection that stays as long as the stack; gives how the answer begins, nothing where it is cut."""
    with ExitStack() as own:
        link = (stack or own).enter_context(socket.create_connection(("127.0.0.1", port), 2))
        with suppress(OSError):
            link.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return link.recv(12)
        return b""


def _ready(server: TestServer) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if server.get("/readyz").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError("never ready")
