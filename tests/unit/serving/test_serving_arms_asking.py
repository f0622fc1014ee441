"""Who answers when an arm can't: through the server's own addresses, with real versions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from mainstay.contract import Category, Contract, Integer
from mainstay.events import EventLog, Prediction, Refusal, tail
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route
from mainstay.serving import App, Arm, Served
from mainstay.serving.arms.breaker import LEAST, PROBES
from mainstay.serving.testing import GOOD_RECORD, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.project import Project
    from mainstay.serving.testing import Got

    Ask = Callable[..., Got]
    Role = Literal["canary", "challenger", "shadow"]

MANY = [GOOD_RECORD | {"customer": str(number)} for number in range(40)]


@dataclass
class Moody:
    """A model that does what it is told to: answers, fails, or takes its time."""

    value: float
    does: Literal["answers", "fails", "dawdles"] = "answers"
    asked: int = 0
    framework: str = "constant"

    def score_one(self, row: NDArray[np.float64]) -> float:
        return float(self.scores(row[None, :])[0])

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        self.asked += 1
        if self.does == "fails":
            raise ValueError("secret")
        if self.does == "dawdles":
            time.sleep(0.08)
        return np.full(len(X), self.value)


def serve(project: Project) -> tuple[Served, App]:
    served = Served(project, loopback=True)
    served.look()
    return served, App([served], loopback=True)


def put(served: Served, role: str, model: Moody) -> Arm:
    """Let a model answer for an arm; its golden records were answered by another one."""
    assert served.lineup is not None
    arm = next(arm for arm in (*served.lineup.arms, *served.lineup.shadows) if arm.route.role == role)
    object.__setattr__(arm.bundle, "model", model)
    return arm


def beside(project: Project, role: Role, fallback: float | None = None) -> tuple[int, int]:
    first = register_model(project, ConstantModel(0.1), fallback=fallback)
    second = register_model(project, ConstantModel(0.9))
    places = ((0.0, 0.5),) if role == "challenger" else ()
    release_now(project, first, Route(second, role, 0.5 if role != "shadow" else 1.0, places))
    return first, second


def logged(project: Project) -> list[Prediction]:
    events = tail(EventLog(project.books / "events"), 10_000, ("predictions",))
    return [event for event in events if isinstance(event, Prediction)]


@pytest.mark.parametrize("role", ["canary", "challenger"])
def test_an_arm_that_fails_is_asked_no_more_and_the_champion_answers(project: Project, ask: Ask, role: Role) -> None:
    first, _ = beside(project, role)
    served, app = serve(project)
    model = Moody(0.9, "fails")
    arm = put(served, role, model)
    for _ in range(LEAST + 3):
        assert {answer["version"] for answer in ask(app, "/predict", MANY).json} == {first}
    assert model.asked == LEAST
    assert (arm.breaker.state, arm.breaker.trips) == ("open", 1)
    assert {(event.version, event.role) for event in logged(project)} == {(first, "champion")}


def test_an_arm_that_answers_again_is_back_in_rotation(project: Project, ask: Ask) -> None:
    first, second = beside(project, "canary")
    served, app = serve(project)
    model = Moody(0.9, "fails")
    arm = put(served, "canary", model)
    while arm.breaker.closed:
        ask(app, "/predict", MANY)
    model.does = "answers"
    arm.breaker._until = 0.0  # its pause is over
    found = [{answer["version"] for answer in ask(app, "/predict", MANY).json} for _ in range(PROBES + 1)]
    assert found == [{first, second}] * (PROBES + 1)
    assert arm.breaker.closed


def test_an_arm_that_is_slower_than_its_guard_is_taken_out(tmp_path: Path, ask: Ask) -> None:
    project = tiny_project(tmp_path, more="[serving]\nbreaker_seconds = 0.01\n")
    first, second = beside(project, "canary")
    served, app = serve(project)
    arm = put(served, "canary", Moody(0.9, "dawdles"))
    arm.breaker._clock = lambda: 0.0  # however long a busy machine takes
    asked = 0
    while arm.breaker.closed:
        asked += len({answer["version"] for answer in ask(app, "/predict", MANY[:4]).json}) > 1
        assert asked <= LEAST
    assert "10 are allowed" in arm.breaker.why
    assert {answer["version"] for answer in ask(app, "/predict", MANY).json} == {first}
    assert {event.version for event in logged(project)} == {first, second}  # what came late was an answer all the same


def test_a_champion_that_fails_is_answered_for_by_its_fallback(project: Project, ask: Ask) -> None:
    release_now(project, register_model(project, ConstantModel(0.1), fallback=0.4))
    served, app = serve(project)
    model = Moody(0.1, "fails")
    arm = put(served, "champion", model)
    said = []
    for _ in range(LEAST + 3):
        got = ask(app, "/predict", GOOD_RECORD)
        assert got.status == 200
        assert (got.json["score"], got.json["degraded"], got.json["version"]) == (0.4, True, 1)
        said += got.json["warnings"]
    assert said == [
        *["the model failed at this record; answered by the fallback"] * LEAST,
        *["the model failed too often and isn't asked now; answered by the fallback"] * 3,
    ]
    assert model.asked == LEAST
    assert arm.breaker.state == "open"
    assert {(event.fallback, event.degraded, event.score) for event in logged(project)} == {(True, True, 0.4)}
    assert (
        b'mainstay_policy_total{did="fallback",field="model",model="churn",why="breaker"}' in ask(app, "/metrics").body
    )


def test_a_champion_without_a_fallback_is_asked_each_time(project: Project, ask: Ask) -> None:
    release_now(project, register_model(project, ConstantModel(0.1)))
    served, app = serve(project)
    model = Moody(0.1, "fails")
    put(served, "champion", model)
    for _ in range(2 * LEAST):
        got = ask(app, "/predict", GOOD_RECORD)
        assert (got.status, got.json["type"]) == (503, "urn:mainstay:problem:model")
        assert "secret" not in got.body.decode()
    model.does = "answers"
    assert ask(app, "/predict", GOOD_RECORD).status == 200  # nobody waits for a pause where nobody else could answer


def test_where_both_fail_the_champions_fallback_answers(project: Project, ask: Ask) -> None:
    first, _ = beside(project, "canary", fallback=0.4)
    served, app = serve(project)
    put(served, "canary", Moody(0.9, "fails"))
    put(served, "champion", Moody(0.1, "fails"))
    for _ in range(LEAST + 2):
        got = ask(app, "/predict", MANY)
        assert {(each["version"], each["score"], each["degraded"]) for each in got.json} == {(first, 0.4, True)}


def test_a_version_that_is_named_answers_and_is_logged_as_sure(project: Project, ask: Ask) -> None:
    first, second = beside(project, "canary")
    _, app = serve(project)
    for query, version in (
        ("version=1", first), ("version=2", second), ("role=canary", second), ("role=champion", first),
    ):  # fmt: skip
        assert {each["version"] for each in ask(app, f"/predict?{query}", MANY).json} == {version}
        newest = logged(project)[-1]
        assert (newest.version, newest.share) == (version, 1.0)
    assert {event.role for event in logged(project)} == {"champion", "canary"}
    ask(app, "/predict", MANY)
    assert {event.share for event in logged(project)[-len(MANY) :]} == {0.5}


def test_nobody_answers_in_the_place_of_a_version_that_is_named(project: Project, ask: Ask) -> None:
    beside(project, "canary", fallback=0.4)
    served, app = serve(project)
    put(served, "canary", Moody(0.9, "fails"))
    got = ask(app, "/predict?role=canary", GOOD_RECORD)
    assert (got.status, got.json["type"]) == (503, "urn:mainstay:problem:model")
    put(served, "champion", Moody(0.1, "fails"))
    assert ask(app, "/predict?version=1", GOOD_RECORD).json["score"] == 0.4


def test_a_shadow_that_is_named_answers_and_counts_in_no_window(project: Project, ask: Ask) -> None:
    _, second = beside(project, "shadow")
    _, app = serve(project)
    assert ask(app, "/predict?role=shadow", GOOD_RECORD).json["version"] == second
    (event,) = logged(project)
    assert (event.role, event.answer) == ("shadow", None)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("version=9", 404, "Version 9 isn't served here."),
        ("role=shadow", 404, "A shadow isn't served here."),
        ("version=two", 400, "version is 'two', which is no number."),
        ("version=-1", 400, "version is '-1', which is no number."),
        ("version=%C2%B2", 400, "which is no number."),
        ("version=" + "9" * 5000, 404, "isn't served here."),
    ],
)
def test_a_name_that_nobody_has_is_refused(project: Project, ask: Ask, query: str, status: int, said: str) -> None:
    beside(project, "canary")
    _, app = serve(project)
    got = ask(app, f"/predict?{query}", GOOD_RECORD)
    assert got.status == status
    assert said in got.json["detail"]
    if status == 404:
        assert got.json["cure"] == "Served now: version 1 (champion), version 2 (canary)."
    assert ask(app, f"/explain?{query}", GOOD_RECORD).status == status


def test_a_refusal_names_the_arm_that_refused(project: Project, ask: Ask) -> None:
    wide = Contract((Integer(name="tenure", min=0, max=500), Category(name="plan", values=("basic", "full"))))
    narrow = Contract((Integer(name="tenure", min=0, max=100), Category(name="plan", values=("basic", "full"))))
    first = register_model(project, ConstantModel(0.1), contract=wide)
    second = register_model(project, ConstantModel(0.9), contract=narrow)
    release_now(project, first, Route(second, "canary", 0.5))
    _, app = serve(project)
    statuses = [ask(app, "/predict", {"tenure": 400, "plan": "full"}).status for _ in range(40)]
    assert set(statuses) == {200, 422}
    ask(app, "/predict?version=1", {"tenure": 900, "plan": "full"})
    found = [each for each in tail(EventLog(project.books / "events"), 99, ("refusals",)) if isinstance(each, Refusal)]
    assert {(each.version, each.role) for each in found[:-1]} == {(second, "canary")}
    assert (found[-1].version, found[-1].role) == (first, "champion")


def test_refusals_of_arms_with_one_contract_are_spread_as_answers_are(project: Project, ask: Ask) -> None:
    beside(project, "canary")
    _, app = serve(project)
    for _ in range(60):
        assert ask(app, "/predict", GOOD_RECORD | {"tenure": -1}).status == 422
    found = [each for each in tail(EventLog(project.books / "events"), 99, ("refusals",)) if isinstance(each, Refusal)]
    assert {each.role for each in found} == {"champion", "canary"}
