"""Too much at once, and a model that is slow, hangs or fails: who is answered, who is told to come back, and how fast.

A real server, and one model that does all of it, by what it is asked: 5 ms a record, which nothing is gained by asking
together; a second; half a minute; an exception.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mainstay.events import Prediction, open_log, tail
from mainstay.models.columns import Columns
from mainstay.models.features.code import FeatureCode
from mainstay.models.frameworks.function import adopt_code
from mainstay.registry.trust import trust_model
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_TASK,
    Got,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project

SECOND, FAILS, HANGS = 55, 66, 77
CODE = f"""
import time
import numpy as np

def predict(columns):
    tenure = np.asarray(columns["tenure"], dtype=float)
    time.sleep(0.005 * len(tenure))
    if (tenure == {FAILS}).any():
        raise ValueError("secret")
    if (tenure == {SECOND}).any():
        time.sleep(1)
    if (tenure == {HANGS}).any():
        time.sleep(30)
    return tenure / 100
"""
FALLBACK = 0.25
DEADLINE = 3.0
SETTINGS = f"[serving]\ndeadline_seconds = {DEADLINE}\nqueue_seconds = 0.1\ndrain_seconds = 1\n"


class Answer(NamedTuple):
    """What came back: status 0 where nothing did."""

    status: int
    seconds: float
    again: bool
    body: bytes


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = tiny_project(tmp_path_factory.mktemp("overload"), more=SETTINGS)
    model = adopt_code(FeatureCode(CODE.encode(), "predict.py"), Columns.of(TINY_CONTRACT), TINY_TASK)
    trust_model(made, model, by="a test", now=dt.datetime.now(dt.UTC))
    release_now(made, register_model(made, model, fallback=FALLBACK))
    return made


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[TestServer]:
    with TestServer.start(project) as started:
        started.wait("/readyz")
        yield started


def record(tenure: int) -> dict[str, object]:
    return GOOD_RECORD | {"tenure": tenure}


async def ask(port: int, tenure: int) -> Answer:
    body = json.dumps(record(tenure)).encode()
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    said = (await reader.readuntil(b"\r\n\r\n")).lower()
    content = await reader.readexactly(int(said.partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
    writer.close()
    return Answer(int(said.split(b" ", 2)[1]), time.perf_counter() - begun, b"retry-after: " in said, content)


def ask_at_once(port: int, *tenures: int) -> list[Answer]:
    async def everybody() -> list[Answer]:
        return await asyncio.gather(*(ask(port, tenure) for tenure in tenures))

    return asyncio.run(asyncio.wait_for(everybody(), 60))


def value_of(server: TestServer, name: str) -> float:
    lines = server.get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((name + "{", name + " ")))


def test_more_than_can_be_answered_is_told_to_come_back_and_the_rest_is_answered(
    server: TestServer, project: Project
) -> None:
    got = ask_at_once(server.port, *[3] * 300)
    assert {answer.status for answer in got} == {200, 503}
    answered = [answer for answer in got if answer.status == 200]
    refused = [answer for answer in got if answer.status == 503]
    assert len(answered) >= 10
    assert len(refused) > 100
    assert all(answer.again for answer in refused)
    assert {json.loads(answer.body)["type"] for answer in refused} <= {
        "urn:mainstay:problem:overload",
        "urn:mainstay:problem:behind",
    }
    assert sorted(answer.seconds for answer in refused)[len(refused) // 2] < DEADLINE
    assert {json.loads(answer.body)["score"] for answer in answered} == {0.03}
    logged = {event.id for event in tail(open_log(project), 2000) if isinstance(event, Prediction)}
    assert {json.loads(answer.body)["id"] for answer in answered} <= logged
    assert value_of(server, "mainstay_shed_total") > 0
    time.sleep(1.0)
    assert server.post("/predict", record(4)).status == 200  # as soon as the crowd has gone, all is as before


def test_a_record_the_model_fails_at_gets_the_fallback_and_takes_nobody_with_it(server: TestServer) -> None:
    got = ask_at_once(server.port, 1, FAILS, 2)
    assert [answer.status for answer in got] == [200] * 3
    first, failed, last = (json.loads(answer.body) for answer in got)
    assert (first["score"], last["score"]) == (0.01, 0.02)
    assert (failed["score"], failed["degraded"]) == (FALLBACK, True)
    assert failed["warnings"] == ["the model failed at this record; answered by the fallback"]
    assert b"secret" not in got[1].body


def test_what_a_caller_who_hung_up_waited_for_is_not_computed(server: TestServer) -> None:
    before = value_of(server, "mainstay_batch_records_sum")

    async def hang_up() -> None:
        connections = []
        slow = asyncio.create_task(ask(server.port, SECOND))
        await asyncio.sleep(0.1)
        body = json.dumps(record(5)).encode()
        head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        for _ in range(8):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head.encode() + b"\r\n\r\n" + body)
            connections.append(writer)
        await asyncio.sleep(0.02)
        for writer in connections:
            writer.close()
        assert (await slow).status == 200

    asyncio.run(asyncio.wait_for(hang_up(), 60))
    assert value_of(server, "mainstay_batch_records_sum") - before == 1


def test_a_model_that_hangs_is_answered_for_in_time_and_stops_nobody_else(project: Project) -> None:
    with TestServer.start(project) as server:
        server.wait("/readyz")
        hung: list[Got] = []
        begun = time.monotonic()
        waiting = threading.Thread(target=lambda: hung.append(server.post("/predict", record(HANGS))))
        waiting.start()
        time.sleep(0.2)
        other = server.post("/predict", record(7))
        assert (other.status, other.json["score"], bool(hung)) == (200, 0.07, False)
        assert server.get("/livez").status == 200
        waiting.join()
        assert time.monotonic() - begun < 15  # and not half a minute
        assert hung[0].status == 200
        assert (hung[0].json["score"], hung[0].json["degraded"]) == (FALLBACK, True)
        assert hung[0].json["warnings"] == ["the model gave no answer in time; answered by the fallback"]
        assert value_of(server, "mainstay_deadlines_missed_total") == 1
        assert server.terminate() == 0  # though the thread still hangs
        assert "nobody waits for it any more" in server.said()
