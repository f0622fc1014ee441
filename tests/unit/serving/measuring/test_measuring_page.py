from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING

import pytest

from mainstay.serving.call import Call
from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.testing import counted

if TYPE_CHECKING:
    from mainstay.serving.measuring.page import Page
    from mainstay.serving.replies import Reply


def _asked(accept: bytes = b"", method: str = "GET") -> Call:
    return Call(method, "/metrics", {b"accept": accept})


async def _get(page: Page, call: Call) -> Reply:
    found = page(call)
    return await found if isinstance(found, Awaitable) else found


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_it_is_only_read(method: str) -> None:
    reply = asyncio.run(_get(Metrics(cells=Cells()).page, _asked(method=method)))
    assert reply.status == (405 if method == "POST" else 200)


def test_a_storm_of_scrapers_shares_pages_that_are_never_older_than_the_question() -> None:
    metrics = Metrics(cells=Cells())
    for version in range(100):
        metrics.tally("churn", version, "champion", "predict").answered(1000, 1)
    tally = metrics.tally("churn", 1, "champion", "predict")
    written: list[int] = []
    before = metrics.page.write

    def write(*, openmetrics: bool = False) -> bytes:
        written.append(1)
        return before(openmetrics=openmetrics)

    metrics.page.write = write  # type: ignore[method-assign]

    async def scrape(answered: int) -> None:
        reply = await _get(metrics.page, _asked())
        assert counted(reply.body, "mainstay_predictions_total", version="1") >= answered

    async def storm() -> None:
        for turn in range(5):
            tally.answered(1000, 1)
            await asyncio.gather(*(scrape(turn + 2) for _ in range(50)))

    asyncio.run(storm())
    assert len(written) <= 50  # of 250 that asked


def test_both_formats_are_given_while_both_are_waited_for() -> None:
    page = Metrics(cells=Cells()).page
    page._due = time.perf_counter() + 0.05

    async def both() -> list[Reply]:
        return list(await asyncio.gather(_get(page, _asked()), _get(page, _asked(b"application/openmetrics-text"))))

    plain, openmetrics = asyncio.run(both())
    assert plain.headers[0][1].startswith(b"text/plain")
    assert openmetrics.headers[0][1].startswith(b"application/openmetrics-text")
    assert openmetrics.body.endswith(b"# EOF\n")
    assert not plain.body.endswith(b"# EOF\n")


def test_workers_and_what_they_use_are_told_apart() -> None:
    here = Cells.shared(3)
    here.numbers[0] = 1  # somebody is at the first place
    first = Metrics(cells=Cells(here.file, 0, 3))
    first.connections.labels().set(4)
    page = first.page.write()
    assert counted(page, "mainstay_workers") == 1
    assert counted(page, "mainstay_connections", worker="0") == 4
    for worker in ("0", "supervisor"):
        assert counted(page, "process_cpu_seconds_total", worker=worker) > 0
        assert counted(page, "process_resident_memory_bytes", worker=worker) > 1e6
        assert counted(page, "process_start_time_seconds", worker=worker) == pytest.approx(time.time(), abs=86_400)
    assert counted(page, "process_open_fds", worker="1") == 0
    here.close()
