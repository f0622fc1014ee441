from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events import EventLog, Prediction, tail
from mainstay.serving import App, Served
from mainstay.serving.call import Call
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, counted, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.serving.replies import Reply
    from mainstay.serving.streams import Appends

BODY = json.dumps(GOOD_RECORD).encode()


class Counted:
    """A writer that counts how often it is asked to write, and can be out of order."""

    def __init__(self, writer: Appends) -> None:
        self._writer = writer
        self.times = 0
        self.broken = False

    def append(self, lines: bytes) -> None:
        self.times += 1
        if self.broken:
            raise StoreError("The disk is full.", "Free some space.")
        self._writer.append(lines)

    def probe(self) -> None:
        self._writer.probe()


def _served(folder: Path, name: str = "churn", more: str = "") -> tuple[Served, Counted]:
    project = tiny_project(folder, name, more)
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    served.log.writers["predictions"] = writer = Counted(served.log.writers["predictions"])
    return served, writer


def _ask(app: App, *asked: tuple[str, bytes]) -> list[Reply]:
    """Ask everything within one turn of the event loop."""

    async def together() -> list[Reply]:
        return await asyncio.gather(
            *(app.turn.wait(app.handler(path)(Call("POST", path, {}, body))) for path, body in asked)
        )

    return asyncio.run(together())


def test_the_answers_of_one_turn_are_written_once(tmp_path: Path) -> None:
    served, writer = _served(tmp_path)
    got = _ask(App([served], loopback=True), *[("/predict", BODY)] * 32)
    assert [reply.status for reply in got] == [200] * 32
    assert writer.times == 1
    answered = [json.loads(reply.body)["id"] for reply in got]
    logged = tail(EventLog(tmp_path / "churn" / ".mainstay" / "events"), 40)
    assert [event.id for event in logged if isinstance(event, Prediction)] == answered


def test_what_cannot_be_written_is_refused_and_nobody_else(tmp_path: Path) -> None:
    full, writer = _served(tmp_path, "full")
    well, _ = _served(tmp_path, "well")
    writer.broken = True
    app = App([full, well], loopback=True)
    asked = [("/models/full/predict", BODY), ("/models/well/predict", BODY), ("/models/full/predict", b"{")]
    got = _ask(app, *asked)
    assert [reply.status for reply in got] == [503, 200, 400]
    assert json.loads(got[0].body)["type"] == "urn:mainstay:problem:log"
    page = app.metrics.page.write()
    assert counted(page, "mainstay_requests_total", cause="log", code="503", model="full", route="predict") == 1
    assert counted(page, "mainstay_predictions_total", model="full") == 0
    assert counted(page, "mainstay_predictions_total", model="well") == 1


@pytest.mark.parametrize("more", ["", '[events]\nwhen_full = "answer"\n'])
def test_a_project_that_would_rather_lose_events_answers(tmp_path: Path, more: str) -> None:
    served, writer = _served(tmp_path, more=more)
    writer.broken = True
    app = App([served], loopback=True)
    (got,) = _ask(app, ("/predict", BODY))
    assert got.status == (200 if more else 503)
    assert counted(app.metrics.page.write(), "mainstay_events_lost_total") == bool(more)


def test_a_fault_of_ours_is_an_answer_and_harms_nobody_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken, writer = _served(tmp_path, "broken")
    well, _ = _served(tmp_path, "well")
    writer.append = None  # type: ignore[assignment, method-assign]  # something that can't be called
    app = App([broken, well], loopback=True)
    got = _ask(app, ("/models/broken/predict", BODY), ("/models/well/predict", BODY))
    assert [reply.status for reply in got] == [500, 200]
    assert b"TypeError" not in got[0].body
    assert "TypeError" in capsys.readouterr().err


def test_what_fails_after_an_answer_harms_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served, _ = _served(tmp_path)
    app = App([served], loopback=True)
    done: list[int] = []

    async def ask() -> list[int]:
        calls = [Call("POST", "/predict", {}, BODY) for _ in range(2)]
        waits = [app.turn.wait(app.handler("/predict")(call)) for call in calls]
        calls[0].after = lambda: 1 // 0
        calls[1].after = lambda: done.append(1)
        return [reply.status for reply in await asyncio.gather(*waits)]

    assert asyncio.run(ask()) == [200, 200]
    assert done == [1]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_an_answered_call_is_freed_at_once(tmp_path: Path) -> None:
    """What is done after an answer knows its call; kept there, each would keep the other until the collector comes."""
    served, _ = _served(tmp_path)
    app = App([served], loopback=True)

    async def ask() -> Call:
        call = Call("POST", "/predict", {}, BODY)
        held = app.handler("/predict")(call)
        call.after = lambda: call.id
        assert (await app.turn.wait(held)).status == 200
        return call

    assert asyncio.run(ask()).after is None
