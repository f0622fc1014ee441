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
from mainstay.state import to_text

if TYPE_CHECKING:
    from mainstay.serving.served import Served

_JITTER = 0.2  # or the workers of a server that was started at once would all speak at once
_LONGEST = 500  # characters of trouble in a row


class Teller(threading.Thread):
    """Speaks for a model of this process, beside the watcher: a registry that is slow to write delays no swap.

    Parameters
    ----------
    served : Served
        The model.

    """

    def __init__(self, served: Served) -> None:
        super().__init__(name=f"mainstay-teller-{served.name}", daemon=True)
        self._served = served
        self._machine = socket.gethostname()
        self._name = f"{self._machine}:{os.getpid()}:{secrets.token_hex(4)}"  # containers may share the first two
        self._beat = 0
        self._news = threading.Event()
        self._ending = False
        self._listener = Listener()

    def news(self) -> None:
        """Speak at once: a release was taken up or refused."""
        self._news.set()

    def run(self) -> None:
        """Speak until asked to end, then take the row away."""
        while not self._ending:
            self._news.clear()
            self._speak()
            self._news.wait(BEAT * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - no secret
        with suppress(Exception):
            self._served.presence.leave(self._served.name, self._name)

    def end(self, seconds: float = 2.0) -> None:
        """End, and wait a while for the row to be gone; a registry that hangs holds up nobody."""
        self._ending = True
        self._news.set()
        if self.is_alive():
            self.join(seconds)

    def _speak(self) -> None:
        self._beat += 1
        served = self._served
        try:
            served.presence.tell(self._word(served))
            rows = served.presence.rows(served.name)
            self._listener.hear(rows)
            served.presence.forget(self._listener.gone(rows))
        except Exception:  # noqa: BLE001 - the watcher says what is wrong with the registry, and this thread goes on
            served.reconnect()

    def _word(self, served: Served) -> Worker:
        now, tried = served.lineup.release if served.lineup else None, served.tried
        return Worker(
            model=served.name,
            worker=self._name,
            machine=self._machine,
            pid=os.getpid(),
            release=now.id if now else 0,
            since=to_text(now.at) if now else "",
            tried=tried.id if tried else 0,
            tried_since=to_text(tried.at) if tried else "",
            trouble=" ".join(part for part in (served.trouble, served.log.trouble) if part)[:_LONGEST],
            beat=self._beat,
        )
