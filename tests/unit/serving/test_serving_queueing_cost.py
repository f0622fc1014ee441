"""What a batch is expected to take, how many records are worth one call, and how long a newcomer may wait."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.serving import App, Served
from mainstay.serving.call import Call
from mainstay.serving.pace import Pace
from mainstay.serving.queueing.cost import Cost, Patience
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, counted, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.serving.replies import Reply
    from mainstay.serving.testing import Got

BODY = json.dumps(GOOD_RECORD).encode()
PIPELINE = Pace(slow=True, fixed=0.004, each=0.0001)
LINEAR = Pace(slow=True, fixed=0.0, each=0.005)


@pytest.mark.parametrize("pace", [PIPELINE, LINEAR, Pace(slow=True, fixed=0.001, each=0.001)])
def test_a_call_is_as_large_as_takes_twice_one_record_at_most(pace: Pace) -> None:
    assert pace.seconds(pace.most) <= 2 * pace.seconds(1)
    assert pace.seconds(pace.most + 2) > 2 * pace.seconds(1) or pace.fixed == 0
    assert Pace(slow=True, together=False, fixed=pace.fixed, each=pace.each).most == 1


def test_the_cost_follows_what_calls_take_and_one_that_was_held_up_says_little() -> None:
    cost = Cost(PIPELINE)
    assert cost.seconds(1) == pytest.approx(0.0041)
    for _ in range(50):
        cost.learn(10, 2 * PIPELINE.seconds(10))
    assert cost.seconds(1) == pytest.approx(0.0082, rel=0.01)
    before = cost.seconds(1)
    cost.learn(1, 1000.0)
    assert cost.seconds(1) < 2 * before
    for _ in range(50):
        cost.learn(1, PIPELINE.seconds(1))
    assert cost.seconds(1) == pytest.approx(0.0041, rel=0.01)


def test_the_work_of_many_is_that_of_full_calls() -> None:
    pipeline, linear = Cost(PIPELINE), Cost(LINEAR)
    assert linear.work(10) == pytest.approx(0.05)
    assert pipeline.work(2 * PIPELINE.most) == pytest.approx(2 * PIPELINE.seconds(PIPELINE.most))
    assert pipeline.work(1) < 0.1 * PIPELINE.seconds(1)
    assert pipeline.work(0) == 0


def test_a_burst_may_wait_and_a_load_above_what_can_be_answered_may_not() -> None:
    patience = Patience(0.25)
    for _ in range(32):  # at once, 5 ms each
        patience.offer(0.005, 10.0)
    assert patience.allowed(0.005) == 0.25
    for place in range(600):  # three times what can be answered, for a second
        patience.offer(0.005, 20.0 + place / 600)
    assert patience.allowed(0.005) == pytest.approx(0.01)
    for place in range(160):  # four fifths of it, for a second
        patience.offer(0.005, 30.0 + place / 160)
    assert patience.allowed(0.005) == 0.25


def test_who_arrives_in_a_turn_that_lasts_too_long_is_turned_away_unread(
    tmp_path: Path, ask: Callable[..., Got]
) -> None:
    project = tiny_project(tmp_path, more="[serving]\nqueue_seconds = 0.02\n")
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    handler = app.handler("/predict")

    async def busy() -> tuple[Reply | None, Reply | None, Reply | None]:
        first = asyncio.create_task(app.turn.wait(handler(Call("POST", "/predict", {}, BODY))))
        await asyncio.sleep(0)
        early = app.crowded(handler)
        time.sleep(0.03)  # noqa: ASYNC251 - the turn lasts
        late = app.crowded(handler)
        await first
        return early, late, app.crowded(handler)

    early, late, after = asyncio.run(busy())
    assert (early, after) == (None, None)
    assert late is not None
    assert (late.status, dict(late.headers)[b"retry-after"]) == (503, b"1")
    assert json.loads(late.body)["type"] == "urn:mainstay:problem:behind"
    assert counted(ask(app, "/metrics").body, "mainstay_requests_total", cause="behind") == 1
