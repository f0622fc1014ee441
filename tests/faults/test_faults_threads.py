"""The thread that the log relies on dies: the server is unready and says why, and nothing is lost without a count."""

from __future__ import annotations

import ctypes
import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.serving.test_serving_durability import BODY, Server

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events.watched import Watched
    from mainstay.serving.replies import Reply


def kill(server: Server) -> list[Reply]:
    """End the thread beside, as a fault in it would; gives what was answered meanwhile."""
    beside = server.served.log._sync or server.served.log._behind
    assert beside is not None
    thread: Watched = beside.thread
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(MemoryError))
    # The thread that syncs wakes up for this one, and doesn't live to tell.
    got = server.ask(("/predict", BODY)) if server.served.log._sync is not None else []
    end = time.monotonic() + 20
    while not thread.died:
        assert time.monotonic() < end
        time.sleep(0.01)
    return got


@pytest.mark.parametrize("durability", ["disk", "async"])
def test_a_dead_thread_makes_the_server_unready_and_says_why(tmp_path: Path, durability: str) -> None:
    server = Server(tmp_path, f'durability = "{durability}"')
    assert server.ask(("/predict", BODY))[0].status == 200
    assert [reply.status for reply in kill(server)] == ([503] if durability == "disk" else [])
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
    answered += kill(server)
    met = len(answered) - 1
    answered += server.ask(*[("/predict", BODY)] * 5)
    assert [reply.status for reply in answered] == [200] * (6 + met)
    assert server.ready()[0] == 503
    server.served.close()
    names = {json.loads(reply.body)["id"] for reply in answered}
    assert len(names) - len(names & set(server.logged())) == server.lost() == 5 + met
