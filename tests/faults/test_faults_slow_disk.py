"""A disk that takes two seconds for a sync: answers wait for it together, and the event loop for nothing."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest
from tests.faults.test_faults_points import WHY_NOT

from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

_SECONDS = 2.0
_CALLERS = 12
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can")


def test_syncs_are_shared_and_hold_up_nobody_else(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, more='[events]\ndurability = "disk"\n')
    release_now(project, register_model(project, TINY_MODEL))
    log = tmp_path / "strace"
    with TestServer.start(project) as server:
        server.wait("/readyz")
        assert server.post("/predict", GOOD_RECORD).status == 200  # by now the thread that syncs is there
        words = ["strace", "-f", "-qq", "-p", str(server.process.pid), "-o", str(log), "-e", "trace=fdatasync"]
        words += ["-e", f"inject=fdatasync:delay_enter={round(_SECONDS * 1e6)}"]
        with subprocess.Popen(words) as tracer:
            _attached(server.process.pid, tracer)
            statuses: list[int] = []
            callers = [threading.Thread(target=_ask, args=(server, statuses)) for _ in range(_CALLERS)]
            begun = time.monotonic()
            for caller in callers:
                caller.start()
            waits = []
            while any(caller.is_alive() for caller in callers):
                asked = time.monotonic()
                assert server.get("/livez").status == 200
                waits.append(time.monotonic() - asked)
                time.sleep(0.05)
            took = time.monotonic() - begun
            tracer.terminate()
        assert server.terminate() == 0
    assert statuses == [200] * _CALLERS
    assert took > _SECONDS
    assert sorted(waits)[len(waits) // 2] < _SECONDS / 4  # the middle one: others share this machine
    assert log.read_text().count("fdatasync(") <= 4  # one for whoever came first, one or two for the rest


def _ask(server: TestServer, statuses: list[int]) -> None:
    statuses.append(server.post("/predict", GOOD_RECORD).status)


def _attached(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    threads = Path(f"/proc/{pid}/task")
    while time.monotonic() < end:
        traced = [(one / "status").read_text(encoding="ascii", errors="replace") for one in threads.iterdir()]
        if all(f"TracerPid:\t{tracer.pid}" in words for words in traced):
            return
        time.sleep(0.02)
    raise RuntimeError("strace never took hold of the server")
