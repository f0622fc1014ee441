"""`Pulse`: how late the event loop is, and how many connections it holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serving.measuring.metrics import Metrics


class Pulse:
    """Beats as often as it is due, and counts by how much it is late.

    Parameters
    ----------
    metrics : Metrics
        Where it is counted.
    every : float
        Seconds from one beat to the next.
    clock : callable
        Gives nanoseconds that only grow.

    """

    def __init__(self, metrics: Metrics, every: float = 0.1, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._lag = metrics.lag.labels()
        self._connections = metrics.connections.labels()
        self._every = round(every * 10**9)
        self._clock = clock
        self._last = 0

    def beat(self, connections: int) -> None:
        """Count a beat.

        Parameters
        ----------
        connections : int
            How many are open.

        """
        now = self._clock()
        if self._last:
            self._lag.observe(max(0, now - self._last - self._every))
        self._last = now
        self._connections.set(connections)
