"""What is kept of one server: medians over the rounds, per number of connections."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serving.clients import Shot


class Point(msgspec.Struct, frozen=True):
    """Some connections.

    Parameters
    ----------
    connections : int
        How many.
    rate : float
        Good answers a second.
    p50, p95, p99 : float
        Milliseconds.
    cpu_us : float
        Microseconds of the server's processors per answer.
    failed : int
        Answers that weren't 200 and connections that broke, over all rounds.
    rates : list of float
        Of each round.

    """

    connections: int
    rate: float
    p50: float
    p95: float
    p99: float
    cpu_us: float
    failed: int
    rates: list[float]

    @property
    def per_cpu(self) -> float:
        """Answers for one second of the server's processors."""
        return 1e6 / self.cpu_us if self.cpu_us else 0.0


class Row(msgspec.Struct, frozen=True):
    """One server.

    Parameters
    ----------
    name, title : str
        What the command line and the table call it.
    first : float
        Seconds from the start of its process to the first 200.
    rss : float
        Megabytes of its largest process at the end.
    points : list of Point
        By connections.

    """

    name: str
    title: str
    first: float
    rss: float
    points: list[Point]

    def at(self, connections: int) -> Point:
        """Give what was measured with so many connections."""
        return next(point for point in self.points if point.connections == connections)


def point_of(connections: int, shots: Sequence[tuple[Shot, float]]) -> Point:
    """Take medians of the rounds, each with the seconds the server's processors were busy."""
    return Point(
        connections=connections,
        rate=median(shot.rate for shot, _ in shots),
        p50=median(shot.p50 for shot, _ in shots),
        p95=median(shot.p95 for shot, _ in shots),
        p99=median(shot.p99 for shot, _ in shots),
        cpu_us=median(1e6 * cpu / max(1, shot.requests) for shot, cpu in shots),
        failed=sum(shot.refused + shot.broken for shot, _ in shots),
        rates=[shot.rate for shot, _ in shots],
    )
