"""Shadows get a small part of a worker's time, after the answers; what doesn't fit is shed and counted."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Prediction, tail
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route
from mainstay.serving import Lineup, Served
from mainstay.serving.arms.shadowing import MOST, Shadows
from mainstay.serving.aside import Aside
from mainstay.serving.call import Call
from mainstay.serving.cases import take_cases
from mainstay.serving.dataplane import score_cases
from mainstay.serving.ledger import Ledger
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.pace import Pace
from mainstay.serving.testing import GOOD_RECORD, register_model, release_now

if TYPE_CHECKING:
    from mainstay.project import Project


class Stage:
    """A release with a shadow, and what compares it."""

    def __init__(self, project: Project, share: float, *, slow: bool = False) -> None:
        first, second = register_model(project, ConstantModel(0.1)), register_model(project, ConstantModel(0.9))
        release_now(project, first, Route(second, "shadow", 1.0))
        self.project = project
        self.served = Served(project, loopback=True)
        self.served.look()
        assert self.served.lineup is not None
        self.lineup: Lineup = self.served.lineup
        if slow:
            unseen = tuple(dataclasses.replace(arm, pace=Pace(slow=True)) for arm in self.lineup.shadows)
            self.lineup = dataclasses.replace(self.lineup, shadows=unseen)
        self.metrics = Metrics()
        self.shadows = Shadows(Ledger(self.served, self.metrics), self.metrics, Aside(), share)

    def offer(self, records: int = 1) -> None:
        body = json.dumps([GOOD_RECORD] * records).encode()
        taken = take_cases(self.lineup, body, self.served.new_id)
        score_cases(self.lineup, taken)
        self.shadows.offer(Call("POST", "/predict", {}, body), self.lineup, taken)

    def logged(self) -> int:
        events = tail(EventLog(self.project.books / "events"), 100_000, ("predictions",))
        return sum(isinstance(event, Prediction) and event.role == "shadow" for event in events)

    def shed(self) -> int:
        page = self.metrics.page.write().decode().splitlines()
        lines = [line for line in page if line.startswith("mainstay_shed_total{")]
        return round(sum(float(line.split()[-1]) for line in lines))


@pytest.mark.parametrize("slow", [False, True])
def test_what_fits_is_compared(project: Project, slow: bool) -> None:
    stage = Stage(project, 1.0, slow=slow)

    async def run() -> None:
        for _ in range(20):
            stage.offer(3)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if stage.logged() >= 60:
                return

    asyncio.run(asyncio.wait_for(run(), 20))
    assert (stage.logged(), stage.shed()) == (60, 0)


def test_what_does_not_fit_is_shed_and_counted_and_takes_no_time(project: Project) -> None:
    stage = Stage(project, 1e-6)
    offered = 3 * MOST

    async def run() -> None:
        for _ in range(offered // 10):
            stage.offer(10)

    asyncio.run(run())
    assert stage.logged() + stage.shed() <= offered
    assert stage.shed() >= offered - MOST - stage.logged()
    assert stage.shed() >= MOST


def test_shadows_keep_to_their_share_of_the_time(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(project, 0.04)
    spent = [0.0]
    inner = stage.shadows._end

    def end(*words: object) -> None:
        inner(*words)  # type: ignore[arg-type]
        spent[0] += stage.shadows._clock() - words[2]  # type: ignore[operator]

    monkeypatch.setattr(stage.shadows, "_end", end)

    async def run() -> float:
        begun = time.perf_counter()
        while time.perf_counter() - begun < 1.0:
            stage.offer(10)
            await asyncio.sleep(0)
        return time.perf_counter() - begun

    took = asyncio.run(run())
    assert 0 < spent[0] < 0.15 * took  # 0.04, what was saved up, and one job beyond it on a busy machine
    assert stage.shed() > 0


def test_a_loop_that_ended_takes_nothing_with_it(project: Project) -> None:
    stage = Stage(project, 1e-9)

    async def run() -> None:
        stage.offer(2)
        stage.offer(2)

    asyncio.run(run())
    stage.shadows._share = 1.0
    stage.shadows._saved = 1.0
    asyncio.run(run())
    assert stage.logged() >= 4
