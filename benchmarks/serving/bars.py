"""What the figures are held to, each as a `Finding`-like line: what, measured, bar, pass or miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serving.rows import Row


class Bar(msgspec.Struct, frozen=True):
    """A figure against its bar.

    Parameters
    ----------
    what : str
        In words.
    value, bar : float
        What was measured, and what was asked for.
    least : bool
        Whether more is better.

    """

    what: str
    value: float
    bar: float
    least: bool = True

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.value >= self.bar if self.least else self.value <= self.bar


def bars_of(rows: Mapping[str, Row]) -> Iterator[Bar]:
    """Judge what was measured; what wasn't has no bar."""
    many, one = 32, 1
    for name in ("trees", "linear"):
        yield from _against(rows, name, "fastapi", many, bar=100, what="the default FastAPI handler")
        yield from _against(rows, name, "tuned", many, bar=3, what="the hand-tuned one")
        yield from _against(rows, name, "limit", many, bar=0.6, what="the raw limit without log")
        if name in rows:
            own = rows[name]
            yield Bar(f"{name}: p50 at 1 connection, ms", own.at(one).p50, 0.15, least=False)
            yield Bar(f"{name}: p99 at 1 connection, ms", own.at(one).p99, 1.0, least=False)
            yield Bar(f"{name}: RSS of the worker, MB", own.rss, 120, least=False)
            yield Bar(f"{name}: from start to the first 200, s", own.first, 1.5, least=False)
    yield from _against(rows, "pipeline", "fastapi", many, bar=9, what="the default FastAPI handler")
    yield from _against(rows, "pipeline", "fastapi", one, bar=1, what="the default FastAPI handler")
    if "explain" in rows:
        yield Bar("explain: p50 at 1 connection, ms", rows["explain"].at(one).p50, 1.0, least=False)
    if "shadow" in rows and "trees" in rows:
        for connections in (one, 8):
            cost = rows["shadow"].at(connections).p95 / rows["trees"].at(connections).p95
            yield Bar(f"shadow: p95 at {connections} as a multiple of that without", cost, 1.05, least=False)
    if "two" in rows and "single" in rows:
        kept = rows["two"].at(many).per_cpu / rows["single"].at(many).per_cpu
        yield Bar("two workers: requests per CPU-second as a multiple of one's", kept, 0.85)


def _against(rows: Mapping[str, Row], name: str, peer: str, at: int, *, bar: float, what: str) -> Iterator[Bar]:
    if name in rows and peer in rows:
        ratio = rows[name].at(at).rate / rows[peer].at(at).rate
        yield Bar(f"{name}: times {what}, at {at} connection{'s' * (at > 1)}", ratio, bar)
