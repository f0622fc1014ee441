"""The client against a real server."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from mainstay import AsyncClient, Client
from mainstay.client import Answer, Batcher, FieldsError, NoSuchError, Outcome, Patience, RefusedError, UnavailableError
from mainstay.events import EventLog, Feedback, Prediction, tail
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 7


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    folder = tmp_path_factory.mktemp("called")
    project = tiny_project(folder, more=f"[serving]\nmax_records = {MOST}\nmax_explained = 3\n")
    other = tiny_project(folder, "credit")
    for each in (project, other):
        release_now(each, register_model(each, TINY_MODEL))
    with TestServer.start(project, other) as running:
        running.wait("/readyz")
        yield running


@pytest.fixture(scope="module")
def url(server: TestServer) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Client]:
    with Client(url, model="churn") as made:
        yield made


def logged(server: TestServer) -> list[Prediction]:
    return [
        event for event in tail(EventLog(server.project.books / "events"), 100_000) if isinstance(event, Prediction)
    ]


def records(n: int) -> list[dict[str, object]]:
    return [GOOD_RECORD | {"tenure": place % 100, "charge": float(place)} for place in range(n)]


def test_one_record_gets_a_typed_answer(client: Client) -> None:
    answer = client.predict(GOOD_RECORD)
    assert isinstance(answer, Answer)
    assert (answer.version, answer.decision, answer.reasons, answer.explanation) == (1, "offer", (), None)
    assert client.predict(GOOD_RECORD, explain=True).reasons[0].feature == "tenure"


def test_explanations_add_up(client: Client) -> None:
    answers = client.explain(records(8), label="No")
    assert len(answers) == 8
    for answer in answers:
        assert answer.explanation is not None
        found = answer.explanation
        assert found.label == "No"
        assert found.base + sum(part.part for part in found.parts) + found.rest == pytest.approx(found.score)


@given(n=st.integers(0, 4 * MOST + 1))
@settings(max_examples=12)
def test_many_records_keep_their_order_and_number(client: Client, url: str, n: int) -> None:
    asked = records(n)
    answers = client.predict(asked)

    async def together() -> list[Answer]:
        async with AsyncClient(url, model="churn") as other:
            return await other.predict(asked)

    alone = [client.predict(each).score for each in asked[:: max(1, n // 3)]]
    assert [answer.score for answer in answers][:: max(1, n // 3)] == alone
    assert [answer.score for answer in asyncio.run(together())] == [answer.score for answer in answers]
    assert len({answer.id for answer in answers}) == n == len(answers)


def test_tables_are_asked_about_row_by_row(client: Client) -> None:
    rows = records(9)
    expected = [answer.score for answer in client.predict(rows)]
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows)):
        assert [answer.score for answer in client.predict(frame)] == expected


def test_a_refused_record_is_named_among_all_of_them(client: Client) -> None:
    asked = records(2 * MOST + 3)
    asked[MOST + 2]["tenure"] = 500
    with pytest.raises(FieldsError) as caught:
        client.predict(asked)
    error = caught.value
    assert [(problem.record, problem.field) for problem in error.errors] == [(MOST + 2, "tenure")]
    assert (error.status, error.cause, len(error.answered)) == (422, "fields", MOST)
    assert str(error).startswith(f"Record {MOST + 2}, field 'tenure': '500' is above 100")
    assert error.request


def test_the_async_client_says_so_too(url: str) -> None:
    asked = records(3 * MOST)
    asked[-1]["tenure"] = 500

    async def ask() -> FieldsError:
        async with AsyncClient(url, model="churn") as client:
            with pytest.raises(FieldsError) as caught:
                await client.predict(asked)
            return caught.value

    error = asyncio.run(ask())
    assert error.errors[0].record == 3 * MOST - 1
    assert len(error.answered) % MOST == 0
    assert len(error.answered) < len(asked)


def test_a_limit_that_is_lower_than_was_thought_is_learned(url: str) -> None:
    with Client(url, model="churn", max_records=100) as client:
        answers = client.predict(records(20))
    with Client(url, model="churn") as client:
        assert [answer.score for answer in answers] == [answer.score for answer in client.predict(records(20))]


def test_feedback_is_taken_and_logged(client: Client, server: TestServer) -> None:
    answers = client.predict(records(MOST + 2))
    told = [Outcome(id=answer.id, label="Yes") for answer in answers]
    assert client.feedback(told) == MOST + 2
    assert client.feedback(told[0]) == 1
    assert client.feedback({"id": answers[0].id, "followed": True}) == 1
    log = EventLog(server.project.books / "events")
    known = {event.id for event in tail(log, 100_000) if isinstance(event, Feedback)}
    assert {answer.id for answer in answers} <= known
    with pytest.raises(FieldsError) as caught:
        client.feedback(Outcome(id=answers[0].id, label="Perhaps"))
    assert caught.value.errors[0].field == "label"


def test_what_is_served_is_told(client: Client) -> None:
    assert [model.name for model in client.models()] == ["churn", "credit"]
    model = client.model()
    assert (model.version, model.limits.max_records, model.limits.max_explained) == (1, MOST, 3)
    assert model.schema is not None
    assert model.schema["properties"]["tenure"]["maximum"] == 100
    ready = client.ready()
    assert ready
    assert ready.models["churn"].version == 1


def test_which_model_must_be_said_where_there_are_several(url: str) -> None:
    with Client(url) as client, pytest.raises(RefusedError, match="has 2 models: churn, credit"):
        client.predict(GOOD_RECORD)


def test_what_is_not_there_is_told(url: str) -> None:
    with Client(url, model="no such/model?") as client, pytest.raises(NoSuchError, match="no such model"):
        client.predict(GOOD_RECORD)


def test_a_question_that_cannot_be_answered_is_refused(client: Client) -> None:
    with pytest.raises(RefusedError) as caught:
        client.explain(GOOD_RECORD, label="Perhaps")
    assert (caught.value.status, caught.value.cause) == (400, "query")
    with pytest.raises(RefusedError, match="A key is for one record"):
        client.predict([GOOD_RECORD], key="k")  # type: ignore[call-overload]


def test_nobody_there_is_told() -> None:
    with Client(f"http://127.0.0.1:{free_port()}", model="churn", patience=Patience(retries=1)) as client:
        with pytest.raises(UnavailableError, match=r"can't be reached .* \(2 tries\)"):
            client.predict(GOOD_RECORD)
        with pytest.raises(UnavailableError):
            client.ready()


def test_threads_share_a_client(client: Client, server: TestServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.predict, records(60)))
    assert [answer.score for answer in answers] == [answer.score for answer in client.predict(records(60))]
    assert {answer.id for answer in answers} <= {event.id for event in logged(server)}


def test_tasks_share_requests_and_a_bad_record_fails_alone(url: str) -> None:
    asked = records(30)
    asked[4]["tenure"] = asked[20]["plan"] = 500

    async def ask() -> list[Answer | BaseException]:
        async with AsyncClient(url, model="churn") as client, Batcher(client, MOST) as batcher:
            return await asyncio.gather(*(batcher.predict(record) for record in asked), return_exceptions=True)

    got = asyncio.run(ask())
    refused = {place: each for place, each in enumerate(got) if isinstance(each, FieldsError)}
    assert {place: each.errors[0].field for place, each in refused.items()} == {4: "tenure", 20: "plan"}
    assert all(each.errors[0].record == 0 for each in refused.values())
    good = [each for each in got if isinstance(each, Answer)]
    assert len({answer.id for answer in good}) == 28


def test_who_no_longer_waits_harms_nobody(url: str) -> None:
    async def ask() -> Answer:
        async with AsyncClient(url, model="churn") as client, Batcher(client) as batcher:
            tasks = [asyncio.create_task(batcher.predict(record)) for record in records(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            await tasks[0]
            return await tasks[2]

    assert asyncio.run(ask()).version == 1


def test_the_callers_trace_goes_along(client: Client, server: TestServer) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("order") as span:
        answer = client.predict(GOOD_RECORD)
    (event,) = [event for event in logged(server) if event.id == answer.id]
    assert event.trace == f"{span.get_span_context().trace_id:032x}"


def test_bodies_are_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.predict(GOOD_RECORD)
    assert caplog.records
    assert "7590" not in caplog.text
