"""`Worker`: one thread beside the event loop, that never keeps a process from ending."""

from __future__ import annotations

import queue
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TURN = 0.001  # seconds until a thread that keeps the interpreter must hand it over, where another one wants it


class Worker:
    """A thread that does what it is given, one after the other.

    It is a daemon, because a model that hangs would hold the whole server at its end. What it is given must not raise.

    Parameters
    ----------
    name : str
        Of the thread.

    """

    def __init__(self, name: str) -> None:
        # Else the event loop gets its turn every five milliseconds, where a model computes in Python.
        sys.setswitchinterval(min(_TURN, sys.getswitchinterval()))
        self._inbox: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def give(self, work: Callable[[], object]) -> None:
        """Have something done."""
        self._inbox.put(work)

    def end(self) -> None:
        """Let the thread end, once it has done what it was given."""
        self._inbox.put(None)

    def _work(self) -> None:
        while (work := self._inbox.get()) is not None:
            work()
            del work  # an idle thread holds nobody's records
