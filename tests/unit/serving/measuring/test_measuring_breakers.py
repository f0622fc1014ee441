from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.release import Route
from mainstay.serving.measuring.breakers import Breakers
from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.testing import TINY_MODEL, counted, register_model, release_now

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.serving import Served


def test_it_tells_who_is_out_and_counts_how_often(released: Project, served: Served) -> None:
    release_now(released, 1, Route(register_model(released, TINY_MODEL), "canary", 0.5))
    served.look()
    metrics = Metrics(cells=Cells())
    breakers = Breakers(metrics)
    breakers.look([served])
    canary = {"model": "churn", "version": "2", "role": "canary"}
    page = metrics.page.write()
    assert page.count(b"\nmainstay_breaker_open{") == 2
    assert counted(page, "mainstay_breaker_open") == 0

    assert served.lineup is not None
    arm = next(arm for arm in served.lineup.arms if arm.version == 2)
    for _ in range(10):
        arm.breaker.asked += 1
        arm.breaker.failed("ValueError")
    for _ in range(2):
        breakers.look([served])
    page = metrics.page.write()
    assert counted(page, "mainstay_breaker_open", **canary) == counted(page, "mainstay_breaker_open") == 1
    assert counted(page, "mainstay_breaker_trips_total", **canary) == 1

    release_now(released, 1)
    served.look()
    breakers.look([served])
    page = metrics.page.write()
    assert page.count(b"\nmainstay_breaker_open{") == 1
    assert counted(page, "mainstay_breaker_open") == 0
    assert counted(page, "mainstay_breaker_trips_total", **canary) == 1
