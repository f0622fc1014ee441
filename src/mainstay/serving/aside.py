"""`Aside`: a few threads beside the event loop, for explanations and shadows: what is slow there stops nobody else."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mainstay.serving.dataplane import ScoringError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
THREADS = 4
MOST = 32
"""Calls that wait; beyond them nobody would wait long enough to hear the answer."""


class Aside(Executor):
    """Runs calls in threads that start with the first of them, and never keep a process from ending.

    `concurrent.futures.ThreadPoolExecutor` waits for its threads when the interpreter ends: a project's code that hangs
    would hold the whole server. The server waits for requests under way itself, as long as its settings say.

    Parameters
    ----------
    threads : int
        How many.

    """

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._running = 0
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a call as soon as a thread is free; ask from one thread alone.

        Raises
        ------
        ScoringError
            Where too many wait already.

        """
        if self._calls.qsize() >= MOST:
            raise ScoringError(f"{MOST} calls wait beside the event loop already.", "Ask less at once.")
        if self._running < self._threads:
            self._running += 1
            threading.Thread(target=self._work, name=f"mainstay-aside-{self._running}", daemon=True).start()
        future: Future[T] = Future()
        self._calls.put((future, lambda: fn(*args, **kwargs)))
        return future

    def _work(self) -> None:
        while True:
            future, call = self._calls.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it, whatever it is
                future.set_exception(error)
            del future, call  # an idle thread holds nobody's records
