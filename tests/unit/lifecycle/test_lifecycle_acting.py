"""The controller takes a canary through its steps: after clean windows, through every demand on a release."""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.contract import compile_request
from mainstay.events import IdMaker, Prediction
from mainstay.lifecycle import Wish, release_seen
from mainstay.measures.finding import Finding
from mainstay.models.report import Verdict
from mainstay.release import assign, open_books, salt_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import Action
    from mainstay.project import Project

DAY = dt.timedelta(days=1)
PASSED = Finding(measure="log_loss", where="all", value=0.4, ok=True)


@dataclass
class Days:
    """Day after day: customers ask and are answered as a server would answer them, and the controller looks."""

    project: Project
    day: int = 0
    done: list[tuple[Action, ...]] = field(default_factory=list)

    def go(self, rows: int = 400, *, broken: bool = False, degraded: bool = False) -> list[str]:
        """Let a day pass; `broken`: the champion answers for the canary; returns what the controller did."""
        with open_books(self.project) as books:
            history = books.releases.history(self.project.name)
            release = history[-1]
            begun = history[0].at + self.day * DAY
            bundle = books.registry.load_bundle(self.project.name, 1)
            decoder, make = compile_request(bundle.contract), IdMaker()
            lines = []
            for number in range(rows):
                # Codes 0 and 1, which is what the reference was drawn from.
                record = {"tenure": number % 2, "charge": number // 2 % 2, "plan": ("basic", "full")[number // 4 % 2]}
                row = decoder.read_record(dict(record))
                route = assign(release.routes, f"c{number}", salt_of(release))
                route = release.routes[0] if broken else route
                lines.append(
                    Prediction(
                        id=make(),
                        at=begun + (number + 1) * DAY / (rows + 2),
                        model=self.project.name,
                        version=route.version,
                        role=route.role,
                        share=route.weight,
                        score=float(bundle.model.score_one(row.encoded)),
                        prediction="No",
                        decision="none",
                        features=row.features,
                        entity=f"c{number}",
                        duration=1_000_000,
                        degraded=degraded,
                    )
                )
            books.log.append("predictions", lines)
            # Readers leave out segments that were last written before their span, and these events lie ahead.
            for path in books.log.segments("predictions"):
                os.utime(path, (time.time(), time.time() + 60 * 86_400))
        self.day += 1
        done = lifecycle.operate(self.project, now=begun + 1.01 * DAY)
        assert done is not None
        self.done.append(done)
        return [f"{action.kind} {action.subject}" for action in done]

    @property
    def shares(self) -> list[float]:
        row = lifecycle.history(self.project)[0]
        return [route.weight for route in row.routes]


@pytest.fixture
def days(two: Project, configure: Callable[[Project, str], Project]) -> Days:
    project = configure(two, "[release]\nsteps = [0.2, 0.5]\nstep_windows = 1")
    lifecycle.release(project, 1, reason="first", by="anna")
    share, steps = lifecycle.first_step(project)
    release_seen(project, Wish(version=2, reason="slowly", by="anna", canary=share, steps=steps))
    return Days(project)


STEP = "promote release/canary/version 2 at"


def test_a_canary_goes_through_its_steps_to_everything(days: Days) -> None:
    assert days.go() == []  # the window in which it came isn't all its own
    assert (days.go(), days.shares) == ([f"{STEP} 20 %"], [0.5, 0.5])
    assert (days.go(), days.shares) == ([f"{STEP} 50 %"], [1.0])
    assert days.go() == []
    rows = lifecycle.history(days.project)
    assert [(row.kind, row.champion, row.by, row.steps) for row in rows[:2]] == [
        ("release", 2, "controller", ()),
        ("canary", 1, "controller", (1.0,)),
    ]
    assert "version 2 gets 50 %. With 20 % it stood a window in which nothing failed" in rows[1].reason
    assert "canary answers" in rows[1].reason
    assert rows[0].reason == days.done[2][0].message


def test_a_canary_with_a_share_of_its_own_stays_where_it_is(days: Days) -> None:
    lifecycle.release(days.project, 2, reason="a third", by="anna", canary=0.3)
    for _ in range(3):
        assert days.go() == []
    assert days.shares == [0.7, 0.3]


@pytest.mark.parametrize("what", [{"broken": True}, {"degraded": True}])
def test_what_fails_or_is_not_seen_holds_it_back(days: Days, what: dict[str, bool]) -> None:
    days.go()
    told = days.go(**what)
    assert told
    assert all(each.startswith("alert") for each in told)
    assert days.shares == [0.8, 0.2]
    assert not any(each.startswith("promote") for each in days.go())  # the alert is still open
    assert any(each.startswith("promote") for each in [*days.go(), *days.go()])


def test_a_window_without_any_answer_promotes_nothing(days: Days) -> None:
    days.go()
    days.go(rows=0)
    assert days.shares == [0.8, 0.2]


@pytest.mark.parametrize("by", ["a person", "a rollback"])
def test_nothing_is_promoted_while_it_is_held(days: Days, by: str) -> None:
    now = dt.datetime.now(dt.UTC)
    if by == "a person":
        lifecycle.hold(days.project, reason="a holiday", now=now, by="anna")
    else:
        lifecycle.rollback(days.project, reason="a look", by="anna")
        share, steps = lifecycle.first_step(days.project)
        release_seen(days.project, Wish(version=2, reason="again", by="anna", canary=share, steps=steps))
    days.go()
    assert days.go() == []
    assert days.shares == [0.8, 0.2]
    lifecycle.resume(days.project, reason="back", now=now, by="anna")
    assert days.go() == [f"{STEP} 20 %"]


def test_a_verdict_that_no_longer_passes_stops_it_and_is_told_once(days: Days) -> None:
    days.go()
    with open_books(days.project) as books:
        for ok in (False,):
            verdict = Verdict(ok=ok, findings=(PASSED,), at=dt.datetime.now(dt.UTC), by="anna")
            books.registry.add_verdict(days.project.name, 2, verdict)
    assert days.go() == ["alert release/canary/version 2 at 20 %"]
    assert "mainstay gate 2" in days.done[-1][0].message
    assert days.go() == []
    with open_books(days.project) as books:
        verdict = Verdict(ok=True, findings=(PASSED,), at=dt.datetime.now(dt.UTC), by="anna")
        books.registry.add_verdict(days.project.name, 2, verdict)
    assert days.go() == [f"{STEP} 20 %"]
    assert days.go() == ["resolve release/canary/version 2 at 20 %", f"{STEP} 50 %"]


def test_a_failing_canary_is_rolled_back_where_the_project_says_so(
    days: Days, configure: Callable[[Project, str], Project]
) -> None:
    project = configure(days.project, '[decisions]\nrollback_on = ["system/canary_answers/*"]')
    days.project = project
    days.go()
    told = days.go(broken=True)
    assert told == ["alert system/canary_answers/version 2", "rollback system/canary_answers/version 2"]
    row = lifecycle.history(project)[0]
    assert (row.kind, row.champion, days.shares) == ("rollback", 1, [1.0])
    assert "back to version 1 from version 2" in row.reason
    held = lifecycle.held(project)
    assert held is not None
    assert held.release == row.id
