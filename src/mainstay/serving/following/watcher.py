"""`Watcher`: the threads that read the release histories and swap the lineups."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from mainstay.serving.following.loading import look_at_types
from mainstay.serving.following.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.served import Served

_FIRST = 10.0


class Watcher:
    """Looks at every model's release history again and again.

    Loading happens here, beside the event loop, so no request waits for it; and each model has threads of its own, so
    that one whose registry hangs, or that takes long to load, holds up no other.

    Parameters
    ----------
    models : sequence of Served
        What is served.
    seconds : float
        How often.
    metrics : Metrics
        Where swaps are counted.

    """

    def __init__(self, models: Sequence[Served], seconds: float, metrics: Metrics) -> None:
        self._watches = [_Watch(served, seconds, metrics) for served in models]

    def begin(self, seconds: float = _FIRST) -> None:
        """Start, and wait for each first look; registries that hang are waited for so many seconds altogether.

        What can't be served by the registry then is served by what this machine served last.
        """
        look_at_types()
        for watch in self._watches:
            watch.start()
        end = time.monotonic() + seconds
        for watch in self._watches:
            watch.looked.wait(max(0.0, end - time.monotonic()))
            watch.served.fall_back()

    def end(self) -> None:
        """End, and wait for what is under way."""
        for watch in self._watches:
            watch.ending.set()
        for watch in self._watches:
            watch.end()


class _Watch(threading.Thread):
    """Looks at one model's history."""

    def __init__(self, served: Served, seconds: float, metrics: Metrics) -> None:
        super().__init__(name=f"mainstay-watcher-{served.name}", daemon=True)
        self.served = served
        self.looked = threading.Event()
        self.ending = threading.Event()
        self._seconds = seconds
        self._metrics = metrics
        self._teller = Teller(served)

    def run(self) -> None:
        self._look()
        self.looked.set()
        self._teller.start()
        while not self.ending.wait(self._seconds):
            self._look()

    def _look(self) -> None:
        if self.served.look():
            outcome = "refused" if self.served.refused else "taken"
            self._metrics.swaps.labels(self.served.name, outcome).inc()
            self._teller.news()

    def end(self) -> None:
        self.join(timeout=5)
        if self._teller.is_alive():
            self._teller.end()
