"""`Waiting`: the parts that wait for one version, in the order they came."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.serving.queueing.gauges import Gauges
    from mainstay.serving.queueing.part import Part


class Waiting:
    """What waits; the one thing that a lane's threads share with the event loop, so it is locked where it changes.

    Parameters
    ----------
    gauges : Gauges
        Where it is counted.

    """

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._lock = threading.Lock()
        self._parts: deque[Part] = deque()
        self.records = 0
        """Of the parts that somebody still waits for."""

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Part]:
        return iter(list(self._parts))

    def put(self, part: Part) -> None:
        """Add one; it leaves by itself where nobody waits for it any more."""
        part.answer.add_done_callback(lambda _: self._leave(part))
        with self._lock:
            self._parts.append(part)
            self.records += len(part.rows)
        self._gauges.queued(self.records)

    def take(self, most: int, least: int = 0) -> list[Part]:
        """Take from the head what one call is worth, at least one part; nothing where fewer than `least` records wait.

        Any thread may ask. Whoever has gone is left out.
        """
        taken: list[Part] = []
        records = 0
        with self._lock:
            while self._parts and self.records >= least:
                part = self._parts[0]
                if taken and records + len(part.rows) > most:
                    break
                self._parts.popleft()
                if self._uncount(part) and not part.over:
                    taken.append(part)
                    records += len(part.rows)
                least = 0
        now = time.monotonic()
        for part in taken:
            self._gauges.waited(now - part.since)
        self._gauges.queued(self.records)
        return taken

    def _leave(self, part: Part) -> None:
        with self._lock:
            left = self._uncount(part)
        if left:
            self._gauges.queued(self.records)

    def _uncount(self, part: Part) -> bool:
        """Count a part no longer; says whether it was counted until now. Ask with the lock held."""
        if not part.waits:
            return False
        part.waits = False
        self.records -= len(part.rows)
        return True
