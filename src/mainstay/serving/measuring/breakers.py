"""`Breakers`: what the arms' circuit breakers do, for the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.arms import Breaker
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.served import Served


class Breakers:
    """Looks at the breakers now and then, so that a request costs nothing more.

    Parameters
    ----------
    metrics : Metrics
        Where it is counted.

    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._seen: dict[tuple[str, int, str], tuple[Breaker, int]] = {}

    def look(self, models: Sequence[Served]) -> None:
        """Tell who is out of rotation, and count who was taken out since the last look."""
        arms: dict[tuple[str, int, str], Breaker] = {
            (served.name, arm.version, arm.route.role): arm.breaker
            for served in models
            if (lineup := served.lineup) is not None
            for arm in (*lineup.arms, *lineup.shadows)
        }
        for key, breaker in arms.items():
            self._metrics.breaker.labels(*key).set(int(not breaker.closed))
            before, trips = self._seen.get(key, (breaker, 0))
            self._metrics.trips.labels(*key).inc(breaker.trips - (trips if before is breaker else 0))
        for key in self._seen.keys() - arms.keys():
            self._metrics.breaker.labels(*key).clear()
        self._seen = {key: (breaker, breaker.trips) for key, breaker in arms.items()}
