"""What a server answers under each durability, and what it says when what it relies on has died."""

from __future__ import annotations

import asyncio
import ctypes
import json
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Feedback, Prediction, tail
from mainstay.serving import App, Served
from mainstay.serving.call import Call
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, counted, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events.watched import Watched
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

    def kill(self) -> list[Reply]:
        """End the thread beside, as a fault in it would; gives what was answered meanwhile."""
        beside = self.served.log._sync or self.served.log._behind
        assert beside is not None
        thread: Watched = beside.thread
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(MemoryError))
        # The thread that syncs wakes up for this one, and doesn't live to tell.
        got = self.ask(("/predict", BODY)) if self.served.log._sync is not None else []
        end = time.monotonic() + 20
        while not thread.died:
            assert time.monotonic() < end
            time.sleep(0.01)
        return got


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


@pytest.mark.parametrize("durability", ["disk", "async"])
def test_a_dead_thread_makes_the_server_unready_and_says_why(tmp_path: Path, durability: str) -> None:
    server = Server(tmp_path, f'durability = "{durability}"')
    assert server.ask(("/predict", BODY))[0].status == 200
    assert [reply.status for reply in server.kill()] == ([503] if durability == "disk" else [])
    status, detail = server.ready()
    assert status == 503
    assert "the event log" in detail
    assert "has died (MemoryError)" in detail
    (refused,) = server.ask(("/predict", BODY))
    assert refused.status == 503
    assert json.loads(refused.body)["type"] == "urn:mainstay:problem:log"
    server.served.heed()
    assert server.ready()[0] == 503  # it doesn't come to life by itself
    server.served.close()
    assert server.lost() == 0


@pytest.mark.parametrize("durability", ["disk", "async"])
def test_a_dead_thread_loses_nothing_silently_where_the_project_would_rather_answer(
    tmp_path: Path, durability: str
) -> None:
    server = Server(tmp_path, f'durability = "{durability}"\nwhen_full = "answer"')
    answered = server.ask(("/predict", BODY))
    answered += server.kill()
    met = len(answered) - 1
    answered += server.ask(*[("/predict", BODY)] * 5)
    assert [reply.status for reply in answered] == [200] * (6 + met)
    assert server.ready()[0] == 503
    server.served.close()
    names = {json.loads(reply.body)["id"] for reply in answered}
    assert len(names) - len(names & set(server.logged())) == server.lost() == 5 + met
