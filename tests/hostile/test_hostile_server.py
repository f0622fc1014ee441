"""A real server that is told to release hostile versions: it says why not, and who answered goes on answering."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from tests.hostile.conftest import Ground, ground_in
from tests.hostile.corpus import CASES, Case

from mainstay.serving.testing import GOOD_RECORD, TestServer, release_now

if TYPE_CHECKING:
    from pathlib import Path

SOME = (
    "pickle",
    "features.py",
    "predict.py",
    "onnx absolute",
    "onnx custom operator",
    "xgboost nested",
    "report.json nested objects",
    "contract.json cut at 0.5",
    "no contract",
    "golden infinity",
    "dots",
    "hash lies",
    "newer",
)


def _detail(server: TestServer, release: int) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        said = str(server.get("/readyz").json["models"]["churn"].get("detail", ""))
        if f"Release {release} isn't served" in said:
            return said
        time.sleep(0.05)
    return "nothing was refused"


def _through(ground: Ground, cases: list[Case]) -> None:
    first = release_now(ground.project, 1)
    with TestServer.start(ground.project) as server:
        server.wait_for_version(1)
        before = server.post("/models/churn/predict", GOOD_RECORD).json["score"]
        for case in cases:
            number = ground.place(case.build(ground.sound, ground.canary))
            release = release_now(ground.project, number)
            said = _detail(server, release.id)
            assert re.search(case.said, said), (case.name, said)
            assert "\x1b" not in said
            answer = server.post("/models/churn/predict", GOOD_RECORD)
            assert (answer.status, answer.json["score"], answer.json["version"]) == (200, before, 1), case.name
            assert not ground.canary.exists(), case.name
        assert first.id == 1
        assert server.terminate() == 0
        assert "Traceback" not in server.said()


def test_a_server_goes_on_with_who_answered(tmp_path: Path) -> None:
    _through(ground_in(tmp_path), [case for case in CASES if case.name in SOME])


@pytest.mark.full
def test_a_server_goes_on_through_the_whole_corpus(tmp_path: Path) -> None:
    _through(ground_in(tmp_path), list(CASES))
