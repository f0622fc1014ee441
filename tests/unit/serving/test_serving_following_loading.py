"""Versions are loaded one by one, and what fails or hangs holds up no other."""

from __future__ import annotations

import threading

import pytest

from mainstay.serving.following import loading
from mainstay.serving.following.loading import one_by_one


def test_two_threads_are_never_inside_together() -> None:
    inside: list[int] = []
    most: list[int] = []

    def load() -> None:
        for _ in range(200):
            with one_by_one():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(most) == {1}


def test_what_fails_or_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="damaged"), one_by_one():
        raise ValueError("damaged")
    monkeypatch.setattr(loading, "_PATIENCE", 0.01)
    with one_by_one(), one_by_one():
        pass
    assert not loading._lock.locked()
