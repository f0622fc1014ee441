"""Requests through the queue of a slow version: what is asked together, what each gets, and who is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.models.columns import Columns
from mainstay.models.features.code import FeatureCode
from mainstay.models.frameworks.function import FunctionModel, adopt_code
from mainstay.project import open_project
from mainstay.serving import Served
from mainstay.serving.arms import Breaker
from mainstay.serving.cases import take_cases
from mainstay.serving.dataplane import ScoringError, score_cases
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.pace import Pace
from mainstay.serving.queueing import Lanes
from mainstay.serving.queueing.lane import MOST_THREADS
from mainstay.serving.replies import Refused
from mainstay.serving.settings import ServingSettings
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_TASK,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

    from mainstay.models.model import Score
    from mainstay.project import Project
    from mainstay.serving.cases import Cases
    from mainstay.serving.lineup import Lineup

CODE = """
import time
import numpy as np

def predict(columns):
    tenure = np.asarray(columns["tenure"], dtype=float)
    time.sleep(0.005)
    if (tenure == 66).any():
        raise ValueError("sixty-six")
    if (tenure == 77).any():
        time.sleep(1)
    if (tenure == 88).any():
        time.sleep(30)
    return tenure / 100
"""
FALLBACK = 0.25


def slow_model(code: str = CODE) -> FunctionModel:
    return adopt_code(FeatureCode(code.encode(), "predict.py"), Columns.of(TINY_CONTRACT), TINY_TASK)


def register_slow(folder: Path, code: str = CODE, *, fallback: float | None = FALLBACK) -> Project:
    """Release a version whose function this project trusts."""
    model = slow_model(code)
    project = tiny_project(folder, more=f'[serving]\ntrust = ["{model.code.sha256}"]\n')
    release_now(project, register_model(project, model, fallback=fallback))
    return project


def lineup_of(project: Project) -> Lineup:
    served = Served(project, loopback=True)
    served.look()
    assert served.lineup is not None, served.trouble
    return served.lineup


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Lineup:
    return lineup_of(register_slow(tmp_path_factory.mktemp("slow")))


@pytest.fixture
def lineup(loaded: Lineup) -> Lineup:
    """Give it with a breaker of its own that never opens: what fails here is meant to be asked."""
    return with_pace(loaded, breaker=Breaker(share=2.0))


def with_pace(lineup: Lineup, **parts: Any) -> Lineup:
    """Give the same line-up with another policy or pace."""
    champion = dataclasses.replace(lineup.champion, **parts)
    return dataclasses.replace(lineup, arms=(champion,), champion=champion)


def taken_of(lineup: Lineup, *tenures: int) -> Cases:
    names = iter(f"id-{place}" for place in range(1000))
    body = json.dumps([GOOD_RECORD | {"tenure": tenure} for tenure in tenures]).encode()
    return take_cases(lineup, body, lambda: next(names))


class Watched:
    """Lanes, and what they count."""

    def __init__(self, **settings: float) -> None:
        self.metrics = Metrics(lambda: ())
        self.lanes = Lanes("churn", ServingSettings(**settings), self.metrics)  # type: ignore[arg-type]

    async def score(self, lineup: Lineup, *tenures: int) -> Cases:
        taken = taken_of(lineup, *tenures)
        await self.lanes.score(lineup, taken)
        return taken

    def batches(self) -> tuple[float, float]:
        """Say how many calls there were, and how many records they held."""
        found = [line for line in self.page() if line.startswith("mainstay_batch_records_")]
        (calls,) = [line for line in found if "_count{" in line]
        (records,) = [line for line in found if "_sum{" in line]
        return float(calls.split()[-1]), float(records.split()[-1])

    def page(self) -> list[str]:
        return self.metrics.page.write().decode().splitlines()


def scores(taken: Cases) -> list[Score]:
    return [case.score for case in taken.cases]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 30))


async def together(*works: Coroutine[Any, Any, Any]) -> Sequence[Any]:
    return await asyncio.gather(*works, return_exceptions=True)


def test_concurrent_requests_share_calls_and_get_what_they_get_alone(lineup: Lineup) -> None:
    watched = Watched()
    tenures = [place % 60 for place in range(32)]
    found = run(together(*(watched.score(lineup, tenure) for tenure in tenures)))
    for tenure, taken in zip(tenures, found, strict=True):
        alone = taken_of(lineup, tenure)
        score_cases(lineup, alone)
        (one,), (other,) = taken.cases, alone.cases
        assert (one.score, one.decision, one.warnings) == (other.score, other.decision, other.warnings)
    calls, records = watched.batches()
    assert records == 32
    assert calls < 16


def test_a_lone_request_waits_for_nobody(lineup: Lineup) -> None:
    watched = Watched()

    async def one_after_the_other() -> None:
        for tenure in range(20):
            await watched.score(lineup, tenure)

    run(one_after_the_other())
    assert watched.batches() == (20, 20)


def test_a_record_the_model_fails_at_is_alone_with_it(lineup: Lineup) -> None:
    watched = Watched()
    found = run(together(*(watched.score(lineup, tenure) for tenure in (1, 2, 66, 3, 4))))
    assert [scores(taken) for taken in found] == [[0.01], [0.02], [FALLBACK], [0.03], [0.04]]
    (failed,) = found[2].cases
    assert failed.row.degraded
    assert failed.warnings == ("the model failed at this record; answered by the fallback",)
    assert "sixty-six" in found[2].failures[0]


def test_without_a_fallback_it_is_refused_as_ever(tmp_path: Path) -> None:
    bare = lineup_of(register_slow(tmp_path, fallback=None))
    watched = Watched()
    first, second = run(together(watched.score(bare, 66), watched.score(bare, 5)))
    assert isinstance(first, ScoringError)
    assert scores(second) == [0.05]


def test_who_has_no_answer_in_time_gets_the_fallback_and_the_others_go_on(lineup: Lineup) -> None:
    watched = Watched(deadline_seconds=0.3)

    async def hang() -> tuple[Cases, Cases, float]:
        slow = asyncio.create_task(watched.score(lineup, 88))
        await asyncio.sleep(0.02)
        hung = await slow
        begun = time.perf_counter()
        other = await watched.score(lineup, 7)
        return hung, other, time.perf_counter() - begun

    hung, other, took = run(hang())
    assert scores(hung) == [FALLBACK]
    assert hung.cases[0].warnings == ("the model gave no answer in time; answered by the fallback",)
    assert hung.cases[0].row.deeds[-1].why == "deadline"
    assert scores(other) == [0.07]
    assert took < 15  # another thread asks, while the first one still waits
    (missed,) = [line for line in watched.page() if line.startswith("mainstay_deadlines_missed_total{")]
    assert float(missed.split()[-1]) == 1


def test_threads_that_hang_are_few_and_then_nobody_waits(lineup: Lineup, capfd: pytest.CaptureFixture[str]) -> None:
    watched = Watched(deadline_seconds=0.1)

    async def hang() -> tuple[Sequence[Any], Cases, float]:
        before = threading.active_count()
        hung = [await watched.score(lineup, 88) for _ in range(MOST_THREADS)]
        assert threading.active_count() - before <= MOST_THREADS
        begun = time.perf_counter()
        last = await watched.score(lineup, 7)
        return hung, last, time.perf_counter() - begun

    hung, last, took = run(hang())
    assert [scores(taken) for taken in hung] == [[FALLBACK]] * MOST_THREADS
    assert scores(last) == [FALLBACK]
    assert took < 15
    assert "nobody waits for it any more" in capfd.readouterr().err


def test_a_late_answer_changes_nothing_that_was_told(lineup: Lineup) -> None:
    watched = Watched(deadline_seconds=0.1)

    async def hang() -> Cases:
        hung = await watched.score(lineup, 77)
        await asyncio.sleep(1.2)
        assert scores(await watched.score(lineup, 7)) == [0.07]
        return hung

    assert scores(run(hang())) == [FALLBACK]


def test_who_would_wait_too_long_is_refused_at_once_with_the_time_to_come_back(lineup: Lineup) -> None:
    watched = Watched(queue_seconds=0.05)
    linear = with_pace(lineup, pace=Pace(slow=True, fixed=0.0, each=0.005))

    async def flood() -> tuple[Sequence[Any], float]:
        tasks = [asyncio.create_task(watched.score(linear, 5)) for _ in range(200)]
        begun = time.perf_counter()
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        first = time.perf_counter() - begun
        return await asyncio.gather(*tasks, return_exceptions=True), first

    found, first = run(flood())
    refused = [one for one in found if isinstance(one, Refused)]
    assert len(refused) > 150
    assert {(one.status, one.cause) for one in refused} == {(503, "overload")}
    assert int(dict(refused[0].headers)[b"retry-after"]) >= 1
    assert first < 200 * 0.005  # before all of them could have been answered
    assert 1 <= sum(not isinstance(one, Exception) for one in found) < 50


def test_what_nobody_waits_for_is_not_computed(lineup: Lineup) -> None:
    watched = Watched()

    async def leave() -> None:
        first = asyncio.create_task(watched.score(lineup, 1))
        await asyncio.sleep(0.001)
        leaving = [asyncio.create_task(watched.score(lineup, 2)) for _ in range(10)]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await first
        await asyncio.sleep(0.05)

    run(leave())
    assert watched.batches() == (1, 1)
    (waiting,) = [line for line in watched.page() if line.startswith("mainstay_queue_records{")]
    assert float(waiting.split()[-1]) == 0


def test_what_looks_at_its_whole_batch_is_asked_request_by_request(tmp_path: Path) -> None:
    code = "def predict(columns):\n    n = len(columns['tenure'])\n    return columns['tenure'] / 100 + 1 / (1 + n)\n"
    whole = lineup_of(register_slow(tmp_path, code))
    assert not whole.champion.pace.together
    watched = Watched()
    found = run(together(*(watched.score(whole, tenure) for tenure in (10, 20, 30))))
    assert [scores(taken) for taken in found] == [[0.6], [0.7], [0.8]]
    assert watched.batches() == (3, 3)


def test_a_swap_closes_the_lanes_of_those_who_left(lineup: Lineup, tmp_path: Path) -> None:
    other = lineup_of(register_slow(tmp_path))
    watched = Watched()

    async def swap() -> int:
        await watched.score(lineup, 1)
        before = threading.active_count()
        for _ in range(5):
            await watched.score(other, 1)
            await watched.score(lineup, 1)
            await asyncio.sleep(0.02)
        return threading.active_count() - before

    assert run(swap()) <= 1


def test_the_pace_is_measured_before_it_answers(lineup: Lineup, released: Project) -> None:
    pace = lineup.champion.pace
    assert pace.slow
    assert pace.together
    assert pace.seconds(1) >= 0.005
    assert pace.most > 1
    assert not lineup_of(open_project(released.root)).champion.pace.slow
