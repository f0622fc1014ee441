"""`events send` beside a live log: killed, and its collector away; each event comes, under its id (fault 32)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
from tests.collectors import LogCollector

from mainstay.events import IdMaker, Prediction, open_log
from mainstay.events.ids import id_time
from mainstay.serving.testing import tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events import EventLog


def put(log: EventLog, many: int) -> list[str]:
    make = IdMaker()
    names = [make() for _ in range(many)]
    log.append("predictions", [_prediction(name) for name in names])
    return names


def _prediction(name: str) -> Prediction:
    at = id_time(name)
    assert at is not None
    return Prediction(
        id=name,
        at=at,
        model="churn",
        version=1,
        role="champion",
        score=0.5,
        prediction="No",
        decision="none",
        features={"tenure": 3},
    )


def test_no_event_is_lost_whenever_the_sender_ends(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, more="[events]\nsegment_bytes = 20000\n")
    log = open_log(project)
    written: list[str] = []
    with LogCollector() as collector:
        words = [sys.executable, "-m", "mainstay", "events", "send", "--project", str(project.root)]
        words += ["--otel", collector.address]

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(words, stderr=subprocess.DEVNULL)

        def came(seconds: float = 120) -> None:
            end = time.monotonic() + seconds
            while not set(written) <= set(collector.ids()):
                assert time.monotonic() < end, f"{len(set(collector.ids()))} of {len(written)} events came"
                time.sleep(0.05)

        sender = start()
        try:
            for how in (signal.SIGKILL, signal.SIGTERM):
                for _ in range(20):
                    written += put(log, 50)
                    time.sleep(0.01)
                while not set(written) & set(collector.ids()[-1:]):  # it is in the middle of it
                    time.sleep(0.01)
                sender.send_signal(how)
                sender.wait(60)
                written += put(log, 100)
                sender = start()
            came()
            collector.stop()
            written += put(log, 500)
            time.sleep(1.5)
            collector.start()
            came()
        finally:
            sender.kill()
            sender.wait()
            log.close()
    assert set(collector.ids()) == set(written)
