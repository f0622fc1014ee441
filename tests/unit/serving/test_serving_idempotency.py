from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.client.keys import answer_ids, new_key
from mainstay.events import EventLog, Feedback, Prediction, Refusal, tail
from mainstay.serving import App, Served
from mainstay.serving.call import Call
from mainstay.serving.idempotency import Once, key_of
from mainstay.serving.replies import Refused, Reply
from mainstay.serving.testing import GOOD_RECORD, Got

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mainstay.project import Project

OTHER = GOOD_RECORD | {"tenure": 40}


@pytest.fixture
def app(served: Served) -> App:
    return App([served], loopback=True)


@pytest.fixture
def post(app: App, ask: Callable[..., Got]) -> Callable[..., Got]:
    def with_key(path: str, body: Any, key: str) -> Got:
        return ask(app, path, body, idempotency_key=key)

    return with_key


def logged(project: Project, kind: type) -> list[Any]:
    return [event for event in tail(EventLog(project.books / "events"), 1000) if isinstance(event, kind)]


def test_the_same_request_is_answered_once_and_logged_once(
    released: Project, app: App, post: Callable[..., Got], ask: Callable[..., Got]
) -> None:
    first, again = post("/predict", GOOD_RECORD, "order-17"), post("/predict", GOOD_RECORD, '"order-17"')
    assert (first.status, first.body) == (200, again.body)
    assert "idempotency-replayed" not in first.headers
    assert (again.headers["idempotency-replayed"], again.headers["x-request-id"]) == ("true", first.json["id"])
    assert [event.id for event in logged(released, Prediction)] == [first.json["id"]]
    lines = ask(app, "/metrics").body.decode().splitlines()
    (replayed,) = (line for line in lines if 'cause="replay"' in line)
    assert replayed.startswith("mainstay_requests_total{")
    assert float(replayed.rpartition(" ")[2]) == 1
    (predicted,) = (line for line in lines if line.startswith("mainstay_predictions_total{"))
    assert float(predicted.rpartition(" ")[2]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", OTHER),
        ("/predict?explain=true", GOOD_RECORD),
        ("/predict", [GOOD_RECORD]),
        ("/explain", GOOD_RECORD),
    ],
)
def test_another_request_under_the_same_key_is_refused(
    released: Project, post: Callable[..., Got], path: str, body: Any
) -> None:
    post("/predict", GOOD_RECORD, "k")
    got = post(path, body, "k")
    assert (got.status, got.json["type"]) == (422, "urn:mainstay:problem:key")
    assert "new key" in got.json["cure"]
    assert [event.cause for event in logged(released, Refusal)] == ["key"]
    assert len(logged(released, Prediction)) == 1


def test_refusals_are_not_remembered(released: Project, post: Callable[..., Got]) -> None:
    assert post("/predict", GOOD_RECORD | {"tenure": 500}, "k").status == 422
    assert post("/predict", GOOD_RECORD, "k").status == 200
    assert post("/predict", GOOD_RECORD, "k").headers["idempotency-replayed"] == "true"
    assert len(logged(released, Prediction)) == 1


def test_feedback_and_explanations_are_taken_once_too(released: Project, post: Callable[..., Got]) -> None:
    outcome = {"id": "x", "label": "Yes", "kpis": {"revenue": 3}}
    assert post("/models/churn/feedback", outcome, "f").body == post("/models/churn/feedback", outcome, "f").body
    assert len(logged(released, Feedback)) == 1
    assert post("/explain", GOOD_RECORD, "e").body == post("/explain", GOOD_RECORD, "e").body
    assert [event.role for event in logged(released, Prediction)] == ["shadow"]


def test_feedback_that_is_sent_again_reaches_another_worker_as_the_same_lines(
    released: Project, post: Callable[..., Got], ask: Callable[..., Got]
) -> None:
    other = Served(released, loopback=True)
    other.look()
    key, outcomes = new_key(), [{"id": "x", "label": "Yes", "kpis": {"revenue": 3}}, {"id": "y", "label": "No"}]
    assert post("/feedback", outcomes, key).json == {"accepted": 2}
    again = ask(App([other], loopback=True), "/feedback", outcomes, idempotency_key=key)
    assert (again.status, again.json) == (200, {"accepted": 2})
    # Who has forgotten the key can't know that it came with other lines; so those are others, and none is lost.
    ask(App([other], loopback=True), "/models/churn/feedback", outcomes[:1], idempotency_key=new_key())
    third = Served(released, loopback=True)
    third.look()
    ask(App([third], loopback=True), "/feedback", [outcomes[1]], idempotency_key=key)
    ids = [(event.id, event.event) for event in logged(released, Feedback)]
    assert len(ids) == 6
    assert len(set(ids)) == 4


@pytest.mark.parametrize("key", ["", '""', "a" * 256, "tab\there", "\xe4", 'in"side', "back\\slash"])
def test_what_is_no_key_is_refused(post: Callable[..., Got], key: str) -> None:
    got = post("/predict", GOOD_RECORD, key)
    assert (got.status, got.json["type"]) == (400, "urn:mainstay:problem:key")


def test_a_uuid7_names_the_answers(post: Callable[..., Got]) -> None:
    one, many = new_key(), new_key()
    assert post("/predict", GOOD_RECORD, one).json["id"] == one
    assert [answer["id"] for answer in post("/predict", [GOOD_RECORD] * 3, many).json] == answer_ids(many, 3)
    assert post("/predict?explain=true", GOOD_RECORD, f'"{(key := new_key())}"').json["id"] == key


def test_a_key_of_another_time_names_nothing(post: Callable[..., Got]) -> None:
    old = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    first = post("/predict", GOOD_RECORD, old)
    assert first.json["id"] != old
    assert post("/predict", GOOD_RECORD, old).body == first.body


def test_a_retry_that_another_worker_gets_is_answered_under_the_same_id(
    released: Project, ask: Callable[..., Got]
) -> None:
    key, answers = new_key(), []
    for _ in range(2):
        worker = Served(released, loopback=True)
        worker.look()
        answers.append(ask(App([worker], loopback=True), "/predict", [GOOD_RECORD, OTHER], idempotency_key=key).json)
    assert answers[0] == answers[1]
    assert [event.id for event in logged(released, Prediction)] == answer_ids(key, 2) * 2


class Work:
    """Answers when it is told to."""

    def __init__(self, *status: int) -> None:
        self.status = list(status)
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self) -> Any:
        self.begun += 1
        await self.go.wait()
        return Given(self.status.pop(0))


class Given:
    """What goes out, as `Held`."""

    def __init__(self, status: int) -> None:
        self.call = Call("POST", "/predict", {})
        self.reply = Reply(status, json.dumps(status).encode())


def call(key: bytes = b"k", consumer: str = "") -> Call:
    made = Call("POST", "/predict", {b"idempotency-key": key}, b"{}")
    made.consumer = consumer
    return made


async def answered(once: Once, work: Work, which: Call) -> Any:
    found = once.answer(which, "predict", work)
    given = await found if hasattr(found, "__await__") else found
    if isinstance(given, Given) and given.call.after is not None:
        given.call.after()  # as the turn does once it is in the log and out
    return given


async def ended(*some: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*some, return_exceptions=True))


def test_who_comes_while_the_first_is_under_way_waits_for_it() -> None:
    async def race() -> None:
        again: list[str] = []
        once, work = Once(again.append), Work(200)
        tasks = [asyncio.create_task(answered(once, work, call())) for _ in range(3)]
        await asyncio.sleep(0)
        work.go.set()
        got = await ended(*tasks)
        assert work.begun == 1
        assert [isinstance(each, Reply) for each in got] == [False, True, True]
        assert {each.body for each in got[1:]} == {b"200"}
        assert again == ["predict", "predict"]

    asyncio.run(race())


def test_where_the_first_fails_the_next_one_tries() -> None:
    async def race() -> None:
        once, work = Once(lambda _: None), Work(503, 200)
        tasks = [asyncio.create_task(answered(once, work, call())) for _ in range(2)]
        await asyncio.sleep(0)
        work.go.set()
        got = await ended(*tasks)
        assert [each.reply.status for each in got] == [503, 200]
        assert work.begun == 2

    asyncio.run(race())


def test_who_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.serving.idempotency._PATIENCE", 0.01)

    async def race() -> None:
        once, work = Once(lambda _: None), Work(200)
        first = asyncio.create_task(answered(once, work, call()))
        await asyncio.sleep(0)
        with pytest.raises(Refused) as caught:
            await answered(once, work, call())
        assert (caught.value.status, caught.value.cause) == (409, "underway")
        assert dict(caught.value.headers)[b"retry-after"] == b"1"
        work.go.set()
        await first

    asyncio.run(race())


def test_a_request_that_is_cancelled_leaves_nothing_behind() -> None:
    async def race() -> None:
        once, work = Once(lambda _: None), Work(200)
        first = asyncio.create_task(answered(once, work, call()))
        await asyncio.sleep(0)
        first.cancel()
        assert isinstance((await ended(first))[0], asyncio.CancelledError)
        assert len(once) == 0

    asyncio.run(race())


def test_consumers_do_not_share_keys() -> None:
    async def ask() -> None:
        once, work = Once(lambda _: None), Work(200, 200)
        work.go.set()
        for consumer in ("one", "two"):
            assert isinstance(await answered(once, work, call(consumer=consumer)), Given)
        assert isinstance(await answered(once, work, call(consumer="one")), Reply)

    asyncio.run(ask())


@pytest.mark.parametrize(("bound", "most"), [("_MOST_KEPT", 5), ("_MOST_BYTES", 1600)])
def test_what_is_remembered_has_bounds(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(f"mainstay.serving.idempotency.{bound}", most)

    async def ask() -> None:
        once, work = Once(lambda _: None), Work(*[200] * 20)
        work.go.set()
        for place in range(20):
            await answered(once, work, call(b"%d" % place))
        assert len(once) == 5
        assert once._bytes == 5 * 303
        assert isinstance(await answered(once, work, call(b"19")), Reply)

    asyncio.run(ask())


def test_what_is_old_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        once, work = Once(lambda _: None), Work(200, 200)
        work.go.set()
        await answered(once, work, call())
        monkeypatch.setattr("mainstay.serving.idempotency._KEPT_SECONDS", -1.0)
        assert isinstance(await answered(once, work, call()), Given)
        assert once._bytes == 0

    asyncio.run(ask())


def test_a_key_is_read_with_its_quotes_or_without() -> None:
    assert key_of({b"idempotency-key": b'"a b"'}) == key_of({b"idempotency-key": b"a b"}) == "a b"
