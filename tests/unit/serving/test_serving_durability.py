"""What a server answers under each durability."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Feedback, Prediction, tail
from mainstay.serving import App, Served
from mainstay.serving.call import Call
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, counted, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.serving.replies import Reply

BODY = json.dumps(GOOD_RECORD).encode()


class Server:
    """A server without a socket, whose project says how safely it writes."""

    def __init__(self, folder: Path, events: str) -> None:
        self.project = tiny_project(folder, more=f"[events]\n{events}\n")
        release_now(self.project, register_model(self.project, TINY_MODEL))
        self.served = Served(self.project, loopback=True)
        self.served.look()
        self.app = App([self.served], loopback=True)

    def ask(self, *asked: tuple[str, bytes]) -> list[Reply]:
        async def heed() -> None:
            while True:  # as the server's own clock does
                self.app.heed()
                await asyncio.sleep(0.05)

        async def together() -> list[Reply]:
            clock = asyncio.create_task(heed())
            calls = (self.app.handler(path)(Call("POST", path, {}, body)) for path, body in asked)
            async with asyncio.timeout(20):
                found = await asyncio.gather(*(self.app.turn.wait(call) for call in calls))
            clock.cancel()
            return found

        return asyncio.run(together())

    def logged(self) -> list[str]:
        events = tail(EventLog(self.project.books / "events"), 1000, ("predictions", "feedback"))
        return [event.id for event in events if isinstance(event, Prediction | Feedback)]

    def ready(self) -> tuple[int, str]:
        async def ask() -> Reply:
            found = self.app.handler("/readyz")(Call("GET", "/readyz", {}, b""))
            return await self.app.turn.wait(found)

        reply = asyncio.run(ask())
        return reply.status, str(json.loads(reply.body)["models"]["churn"].get("detail", ""))

    def lost(self) -> float:
        return counted(self.app.metrics.page.write(), "mainstay_events_lost_total", stream="predictions")


@pytest.fixture(params=["process", "disk", "async"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, f'durability = "{request.param}"')
    yield made
    made.served.close()


def test_what_is_answered_is_in_the_log_once(server: Server) -> None:
    got = server.ask(*[("/predict", BODY)] * 32)
    assert [reply.status for reply in got] == [200] * 32
    names = [json.loads(reply.body)["id"] for reply in got]
    told = [("/models/churn/feedback", json.dumps({"id": name, "label": "Yes"}).encode()) for name in names[:3]]
    again = server.ask(*told, ("/predict", BODY), ("/predict", b"{"))
    assert [reply.status for reply in again] == [200, 200, 200, 200, 400]
    assert server.ready() == (200, "")
    server.served.close()
    assert sorted(server.logged()) == sorted([*names, *names[:3], json.loads(again[3].body)["id"]])
    page = server.app.metrics.page.write()
    assert counted(page, "mainstay_predictions_total", model="churn") == 33
    assert counted(page, "mainstay_feedback_total", model="churn") == 3
