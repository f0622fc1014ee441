"""`Teller`: the thread that says which release this worker answers by, at each swap and every few seconds."""

from __future__ import annotations

import os
import random
import secrets
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.release import BEAT, Listener, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.served import Served

_JITTER = 0.2  # or the workers of a server that was started at once would all speak at once
_LONGEST = 500  # characters of trouble in a row


class Teller(threading.Thread):
    """Speaks for every model of this process, beside the watcher: a registry that is slow to write delays no swap.

    Parameters
    ----------
    models : sequence of Served
        What is served.

    """

    def __init__(self, models: Sequence[Served]) -> None:
        super().__init__(name="mainstay-teller", daemon=True)
        self._models = models
        self._machine = socket.gethostname()
        self._name = f"{self._machine}:{os.getpid()}:{secrets.token_hex(4)}"  # containers may share the first two
        self._beat = 0
        self._news = threading.Event()
        self._ending = False
        self._listeners = [Listener() for _ in models]

    def news(self) -> None:
        """Speak at once: a release was taken up or refused."""
        self._news.set()

    def run(self) -> None:
        """Speak until asked to end, then take the rows away."""
        while not self._ending:
            self._news.clear()
            self._speak()
            self._news.wait(BEAT * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - no secret
        for served in self._models:
            with suppress(Exception):
                served.presence.leave(served.name, self._name)

    def end(self, seconds: float = 2.0) -> None:
        """End, and wait a while for the rows to be gone; a registry that hangs holds up nobody."""
        self._ending = True
        self._news.set()
        if self.is_alive():
            self.join(seconds)

    def _speak(self) -> None:
        self._beat += 1
        for served, listener in zip(self._models, self._listeners, strict=True):
            with suppress(Exception):  # the watcher says what is wrong with the registry, and this thread goes on
                served.presence.tell(self._word(served))
                rows = served.presence.rows(served.name)
                listener.hear(rows)
                served.presence.forget(listener.gone(rows))

    def _word(self, served: Served) -> Worker:
        return Worker(
            model=served.name,
            worker=self._name,
            machine=self._machine,
            pid=os.getpid(),
            release=served.lineup.release.id if served.lineup else 0,
            tried=served.tried,
            trouble=served.trouble[:_LONGEST],
            beat=self._beat,
        )
