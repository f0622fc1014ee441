from __future__ import annotations

import threading

import pytest

from mainstay.serving.aside import MOST, THREADS, Aside
from mainstay.serving.dataplane import ScoringError


def test_no_more_waits_than_is_worth_waiting_for() -> None:
    aside, go, begun = Aside(), threading.Event(), threading.Semaphore(0)

    def wait() -> bool:
        begun.release()
        return go.wait(20)

    first = [aside.submit(wait) for _ in range(THREADS)]
    for _ in first:
        assert begun.acquire(timeout=20)
    waiting = [aside.submit(wait) for _ in range(MOST)]
    with pytest.raises(ScoringError, match="wait beside the event loop"):
        aside.submit(wait)
    go.set()
    assert all(future.result(20) for future in (*first, *waiting))
    assert aside.submit(lambda: 3).result(20) == 3
