"""`Page`: the numbers of all processes, added up and written down for Prometheus."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from mainstay.serving.measuring.cells import UNSET
from mainstay.serving.measuring.exposition import OPENMETRICS, TEXT, Writer, wants_openmetrics
from mainstay.serving.measuring.processes import tell_processes
from mainstay.serving.measuring.told import Told
from mainstay.serving.replies import Reply, method_refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from mainstay.serving.call import Call
    from mainstay.serving.guard import Need
    from mainstay.serving.measuring.cells import Cells
    from mainstay.serving.measuring.counts import AnyFamily
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.measuring.told import Labels
    from mainstay.serving.replies import Refused

Sums = dict[str, dict["Labels", list[int]]]
"""The numbers of each label set of each metric."""
_PAUSE = 9  # times as long as a page took, nobody is given another: a tenth of the time at most goes to pages
_SUPERVISOR = "supervisor"


class Page:
    """What a scraper gets: everything that was counted by the time it is written.

    However many scrapers ask, a tenth of the time at most goes to them: where the last page was written a moment ago,
    all who ask wait a moment for the next one. No page is older than the question.

    Parameters
    ----------
    metrics : Metrics
        What is counted.
    now : callable
        Tells what is so in this process.

    """

    need: Need = "read"
    model = ""

    def __init__(self, metrics: Metrics, now: Callable[[], Iterable[Told]]) -> None:
        self._metrics = metrics
        self._now = now
        self._writer = Writer()
        self._due = 0.0
        self._next: dict[bool, asyncio.Task[bytes]] = {}

    def __call__(self, call: Call) -> Reply | Awaitable[Reply]:
        """Answer a scraper."""
        if call.method not in ("GET", "HEAD"):
            return method_refused(call.method, "GET, HEAD").reply(call.id or "")
        openmetrics = wants_openmetrics(call.head.get(b"accept", b""))
        if time.perf_counter() >= self._due:
            return _reply(self.write(openmetrics=openmetrics), openmetrics=openmetrics)
        return self._answer_soon(openmetrics=openmetrics)

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """Refuse a request that could not be read whole."""
        return refused.reply(call.id or "")

    def write(self, *, openmetrics: bool = False) -> bytes:
        """Write the page."""
        began = time.perf_counter()
        page = self._writer.page(self.tell(), openmetrics=openmetrics)
        ended = time.perf_counter()
        self._due = ended + _PAUSE * (ended - began)
        return page

    async def _answer_soon(self, *, openmetrics: bool) -> Reply:
        coming = self._next.get(openmetrics)
        if coming is None or coming.done():
            coming = self._next[openmetrics] = asyncio.create_task(self._write_soon(openmetrics=openmetrics))
        return _reply(await asyncio.shield(coming), openmetrics=openmetrics)

    async def _write_soon(self, *, openmetrics: bool) -> bytes:
        await asyncio.sleep(self._due - time.perf_counter())
        return self.write(openmetrics=openmetrics)

    def tell(self) -> Iterator[Told]:
        """Tell every metric there is, with the numbers it has now."""
        cells = self._metrics.cells
        families = self._metrics.families
        sums = read_sums(cells, {family.name: family.width for family in families})
        # Requests that were answered are in the latencies already.
        requests = sums.setdefault(self._metrics.requests.name, {})
        for labels, numbers in sums.get(self._metrics.seconds.name, {}).items():
            requests[*labels, "200", ""] = [sum(numbers[:-1])]
        for family in families:
            yield tell_family(family, sums.get(family.name, {}))
        yield from self._now()
        pids = {_called(place, cells): pid for place, pid in cells.pids().items()}
        workers = len(pids) - (_SUPERVISOR in pids)
        yield Told("mainstay_workers", "gauge", "Workers that live.", (), {(): workers})
        yield from tell_processes(pids)


def read_sums(cells: Cells, widths: Mapping[str, int]) -> Sums:
    """Add up the numbers of all places; those that pass with their process have its name as their last label.

    Parameters
    ----------
    cells : Cells
        The numbers.
    widths : mapping
        How many cells a label set of each metric has. What another mainstay counted differently, before it was replaced
        under a supervisor that goes on, is left out.

    """
    sums: Sums = {}
    pids = cells.pids()
    for place, series, numbers in cells.read():
        if widths.get(series.name) != series.n:
            continue
        children = sums.setdefault(series.name, {})
        here = numbers.tolist()
        if series.passing:
            if place in pids and here[0] != UNSET:
                children[*series.labels, _called(place, cells)] = here
            continue
        before = children.get(series.labels)
        children[series.labels] = [a + b for a, b in zip(before, here, strict=True)] if before else here
    return sums


def tell_family(family: AnyFamily, children: dict[Labels, list[int]]) -> Told:
    """Tell a metric with the numbers of its label sets."""
    names = (*family.labelnames, "worker") if family.passing else family.labelnames
    rows = children if family.bounds else {labels: numbers[0] for labels, numbers in children.items()}
    return Told(family.name, family.kind, family.text, names, rows, family.scale, family.bounds)


def _called(place: int, cells: Cells) -> str:
    return _SUPERVISOR if place and place == cells.places - 1 else str(place)


def _reply(page: bytes, *, openmetrics: bool) -> Reply:
    return Reply(200, page, ((b"content-type", OPENMETRICS if openmetrics else TEXT),))
