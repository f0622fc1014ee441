"""`mainstay events tail --follow` beside a server, through rotation; and the memory of a long export."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mainstay.events import IdMaker, Prediction, encode_events, open_log
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

_MANY = 40


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path, more="[events]\nsegment_bytes = 4096\n")
    release_now(made, register_model(made, TINY_MODEL))
    return made


def test_follow_shows_every_answer_once_while_files_are_rotated(project: Project) -> None:
    with TestServer.start(project) as server:
        old = server.post("/models/churn/predict", GOOD_RECORD).json["id"]
        command = [sys.executable, "-m", "mainstay", "events", "tail", "--follow", "--json", "--stream", "predictions"]
        with subprocess.Popen(
            [*command, "--project", str(project.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as follower:
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["event.id"] == old
            answers = [server.post("/models/churn/predict", GOOD_RECORD).json["id"] for _ in range(_MANY)]
            shown = [json.loads(follower.stdout.readline())["event.id"] for _ in range(_MANY)]
            follower.send_signal(signal.SIGINT)
            rest, said = follower.communicate(timeout=20)
    assert shown == answers
    assert (rest, said.strip(), follower.returncode) == ("", "", 130)
    assert len(open_log(project).segments("predictions")) > 3


def _fill(project: Project, segments: int) -> None:
    log, make = open_log(project), IdMaker()
    writer = log.writer("predictions")
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(hours=12)
    for place in range(segments * 20):
        writer.append(
            encode_events(
                [
                    Prediction(
                        id=make(),
                        at=begun + dt.timedelta(milliseconds=60 * (place * 500 + number)),
                        model="churn",
                        version=1,
                        role="champion",
                        score=0.25,
                        prediction="No",
                        decision="none",
                        features={"tenure": 3, "charge": 29.85, "plan": "basic"},
                        duration=20_000,
                    )
                    for number in range(500)
                ]
            )
        )
    writer.close()


@pytest.mark.full
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_the_memory_of_an_export_does_not_grow_with_the_log(tmp_path: Path, ending: str) -> None:
    peaks = []
    for segments in (5, 60):
        project = tiny_project(tmp_path / str(segments), more="[events]\nsegment_bytes = 4194304\n")
        register_model(project, TINY_MODEL)
        _fill(project, segments)
        out = tmp_path / f"{segments}.{ending}"
        command = [sys.executable, "-m", "mainstay", "events", "export", "--out", str(out), "--json"]
        done = subprocess.Popen([*command, "--project", str(project.root)], stdout=subprocess.PIPE)
        assert done.stdout is not None
        assert json.loads(done.stdout.read())["events"] == segments * 10_000
        _, status, usage = os.wait4(done.pid, 0)
        done.stdout.close()
        done.returncode = os.waitstatus_to_exitcode(status)
        assert done.returncode == 0
        peaks.append(usage.ru_maxrss / 1024)
    # 550 000 rows more are some 200 MB of lines, and as much as a table.
    assert peaks[1] - peaks[0] < 150, peaks
