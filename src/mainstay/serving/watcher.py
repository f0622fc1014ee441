"""`Watcher`: the thread that reads the release history and swaps the lineups."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mainstay.serving.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.metrics import Metrics
    from mainstay.serving.served import Served

_FIRST = 10.0


class Watcher(threading.Thread):
    """Looks at every model's release history again and again.

    Loading happens here, beside the event loop, so no request waits for it.

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
        super().__init__(name="mainstay-watcher", daemon=True)
        self._models = models
        self._seconds = seconds
        self._metrics = metrics
        self._end = threading.Event()
        self._first = threading.Event()
        self._teller = Teller(models)

    def run(self) -> None:
        """Look until asked to end."""
        self.look()
        self._first.set()
        self._teller.start()
        while not self._end.wait(self._seconds):
            self.look()

    def begin(self, seconds: float = _FIRST) -> None:
        """Start, and wait for the first look; a registry that hangs is waited for so many seconds.

        What can't be served by the registry then is served by what this machine served last.
        """
        self.start()
        self._first.wait(seconds)
        for served in self._models:
            served.fall_back()

    def look(self) -> None:
        """Look once."""
        for served in self._models:
            if served.look():
                outcome = "refused" if served.refused else "taken"
                self._metrics.swaps.labels(served.name, outcome).inc()
                self._teller.news()

    def end(self) -> None:
        """End, and wait for a look that is under way."""
        self._end.set()
        if self.is_alive():
            self.join(timeout=5)
        if self._teller.is_alive():
            self._teller.end()
