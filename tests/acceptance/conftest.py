"""Drive mainstay as its user does: the command line as processes, the server over real HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PREFIX = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", "mainstay"]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """A terminal in a folder."""

    folder: Path

    def run(self, *words: str, expect: int = 0) -> Ran:
        done = subprocess.run(
            [*PREFIX, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        said = f"$ mainstay {' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert done.returncode == expect, said
        assert "Traceback" not in done.stderr, said
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def two_free_ports() -> int:
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two neighbouring free ports")


@dataclass
class Served:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            payload = None if body is None else json.dumps(body)
            link.request(method, path, payload, {"Content-Type": "application/json"} if payload else {})
            answer = link.getresponse()
            text = answer.read()
            kind = answer.headers.get("Content-Type", "")
            return answer.status, json.loads(text) if "json" in kind else text.decode()
        finally:
            link.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Served]]:
    started: list[Served] = []

    def start(folder: Path) -> Served:
        port = two_free_ports()
        process = subprocess.Popen([*PREFIX, "serve", "--port", str(port)], cwd=folder)
        served = Served(port, process)
        started.append(served)
        end = time.monotonic() + 30
        while time.monotonic() < end and process.poll() is None:
            try:
                if served.call("GET", "/readyz")[0] == 200:
                    return served
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("the server did not become ready")

    yield start
    for served in started:
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) in {0, -signal.SIGTERM}, "the server did not end cleanly"


@dataclass
class Load:
    """One client that never stops asking, on one connection, until told to."""

    port: int
    path: str
    records: list[dict[str, object]]
    answers: list[tuple[float, int, int | None]] = field(default_factory=list)  # when, status, version
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(20)

    def _run(self) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        number = 0
        while not self._stop.is_set():
            body = json.dumps(self.records[number % len(self.records)])
            number += 1
            try:
                link.request("POST", self.path, body, {"Content-Type": "application/json"})
                answer = link.getresponse()
                said = json.loads(answer.read())
                self.answers.append((time.monotonic(), answer.status, said.get("version")))
            except (OSError, http.client.HTTPException, ValueError):
                self.answers.append((time.monotonic(), 0, None))
                link.close()
        link.close()

    @property
    def failed(self) -> int:
        return sum(status != 200 for _, status, _ in self.answers)

    def first(self, version: int, since: float) -> float:
        """Seconds from `since` to the first answer of `version`."""
        return next(at for at, _, found in self.answers if found == version and at >= since) - since


@pytest.fixture
def load() -> type[Load]:
    return Load


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.delenv("MAINSTAY_STATE", raising=False)
    os.umask(0o022)
