from __future__ import annotations

import datetime as dt
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from mainstay import lifecycle
from mainstay.decisions import open_alerts
from mainstay.errors import NotFoundError
from mainstay.events import Feedback, IdMaker, actions, found_since, log_findings
from mainstay.events.read import read_predictions
from mainstay.release import open_books
from mainstay.serving.testing import TINY_CONTRACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import Action, Found
    from mainstay.measures.finding import Finding
    from mainstay.project import Project

DAY = dt.timedelta(days=1)
KEY = "quality/degraded/all"


def begin(project: Project) -> dt.datetime:
    return lifecycle.release(project, 1, reason="first", by="anna").at


def looked(project: Project) -> tuple[Found, ...]:
    with open_books(project) as books:
        return tuple(found_since(books.log, model=project.name))


def acted(project: Project) -> list[Action]:
    with open_books(project) as books:
        return actions(books.log, model=project.name)


def test_no_window_is_looked_at_before_it_is_over(two: Project) -> None:
    at = begin(two)
    assert lifecycle.operate(two, now=at + DAY - dt.timedelta(seconds=1)) is None
    assert looked(two) == ()


def test_each_window_is_looked_at_exactly_once(two: Project, traffic: Callable[[Project], Any]) -> None:
    at = begin(two)
    traffic(two).serve(at + dt.timedelta(hours=1))
    now = at + 3 * DAY
    # Each call opens the books anew, as a controller does that was restarted in between.
    assert [lifecycle.operate(two, now=now) is None for _ in range(5)] == [False, False, False, True, True]
    spans = [(found.since, found.until) for found in looked(two) if found.finding.measure == "predictions"]
    assert spans == [(at, at + DAY), (at + DAY, at + 2 * DAY), (at + 2 * DAY, at + 3 * DAY)]


def test_a_clock_set_back_repeats_no_window(two: Project) -> None:
    at = begin(two)
    lifecycle.operate(two, now=at + 3 * DAY)
    lifecycle.operate(two, now=at + 2 * DAY)  # the clock went back by a day
    lifecycle.operate(two, now=at + 3 * DAY)
    untils = [found.until for found in looked(two) if found.until is not None]
    assert sorted(untils) == [at + DAY, at + 2 * DAY, at + 3 * DAY]


def test_windows_that_count_predictions_leave_shadows_out(
    two: Project, traffic: Callable[[Project], Any], configure: Callable[[Project, str], Project]
) -> None:
    project = configure(two, "[monitoring]\nwindow = 100\nmin_rows = 50")
    at = begin(project)
    write = traffic(project)
    write.serve(at + dt.timedelta(seconds=1), rows=60)
    write.serve(at + dt.timedelta(seconds=1), rows=60, role="shadow")
    assert lifecycle.operate(project, now=at + DAY) is None
    write.serve(at + dt.timedelta(seconds=2), rows=60)
    assert lifecycle.operate(project, now=at + DAY) is not None
    assert {found.finding.n for found in looked(project) if found.finding.key == KEY} == {100}
    assert lifecycle.operate(project, now=at + DAY) is None


def test_an_incident_is_one_alert_and_ends_with_a_resolve(two: Project, traffic: Callable[[Project], Any]) -> None:
    at = begin(two)
    write = traffic(two)
    for day in range(5):
        write.serve(at + day * DAY + dt.timedelta(hours=1), degraded=day < 2)
    done = [lifecycle.operate(two, now=at + 6 * DAY) for _ in range(5)]
    told = [[each.kind for each in day or () if each.subject == KEY] for day in done]
    assert told == [["alert"], [], [], ["resolve"], []]
    assert [each.kind for each in acted(two) if each.subject == KEY] == ["alert", "resolve"]
    assert KEY not in {alert.subject for alert in open_alerts(acted(two))}
    assert {found.finding.ok for found in looked(two) if found.finding.key == KEY} == {True, False}


def bad_second_version(two: Project, configure: Callable[[Project, str], Project]) -> tuple[Project, dt.datetime]:
    project = configure(two, f'[decisions]\nrollback_on = ["{KEY}"]')
    begin(project)
    return project, lifecycle.release(project, 2, reason="better", by="anna").at


def test_a_finding_that_rollback_on_names_rolls_back(
    two: Project, traffic: Callable[[Project], Any], configure: Callable[[Project, str], Project]
) -> None:
    project, at = bad_second_version(two, configure)
    traffic(project).serve(at, degraded=True)
    done = lifecycle.operate(project, now=at + DAY)
    assert done is not None
    assert {"alert", "rollback"} == {each.kind for each in done if each.subject == KEY}
    row = lifecycle.history(project)[0]
    assert (row.kind, row.champion, row.by) == ("rollback", 1, "controller")
    assert KEY in row.reason
    assert [each for each in acted(project) if each.kind == "rollback"] == [
        each for each in done if each.kind == "rollback"
    ]


def test_a_hold_keeps_the_version(
    two: Project, traffic: Callable[[Project], Any], configure: Callable[[Project, str], Project]
) -> None:
    project, at = bad_second_version(two, configure)
    traffic(project).serve(at, degraded=True)
    lifecycle.hold(project, reason="a look first", now=at, by="anna")
    done = lifecycle.operate(project, now=at + DAY)
    assert [each.kind for each in done or () if each.subject == KEY] == ["alert"]
    assert lifecycle.history(project)[0].champion == 2


def test_a_rollback_that_cannot_be_done_is_told_once_and_the_looks_go_on(
    two: Project, traffic: Callable[[Project], Any], configure: Callable[[Project, str], Project]
) -> None:
    project, at = bad_second_version(two, configure)
    path = project.books / "store" / project.name / "1" / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(b"{}")
    for day in range(3):
        traffic(project).serve(at + day * DAY, degraded=True)
    done = [lifecycle.operate(project, now=at + 4 * DAY) for _ in range(3)]
    blocked = [[each for each in day or () if "can't be done" in each.message] for day in done]
    assert [len(day) for day in blocked] == [1, 0, 0]
    assert "model.json" in blocked[0][0].message
    assert lifecycle.history(project)[0].champion == 2
    assert len({found.until for found in looked(project)}) == 3


def test_a_look_is_held_against_the_one_before(two: Project, traffic: Callable[[Project], Any]) -> None:
    at = begin(two)
    traffic(two).serve(at)
    lifecycle.operate(two, now=at + DAY)
    first = tuple(found.finding for found in looked(two))
    seen = lifecycle.monitor(two, now=at + 2 * DAY)
    assert seen.previous == first


def test_a_monitor_of_a_window_looked_at_since_has_no_previous(two: Project) -> None:
    at = begin(two)
    seen = lifecycle.monitor(two, now=at + DAY)
    with open_books(two) as books:
        log_findings(books.log, two.name, at, seen.findings, since=at, until=at + DAY)
    assert lifecycle.monitor(two, now=at + dt.timedelta(hours=30)).previous == ()


def test_a_look_as_it_would_have_been_then(two: Project, traffic: Callable[[Project], Any]) -> None:
    at = begin(two)
    traffic(two).serve(at + dt.timedelta(hours=1))
    then = at + dt.timedelta(hours=12)
    make = IdMaker()

    def tell(label: str, received: dt.datetime) -> None:
        with open_books(two) as books:
            ids = read_predictions(books.log, TINY_CONTRACT, model=two.name, columns=("id",))["id"]
            lines = [
                Feedback(id=name, event=make(), model=two.name, received=received, at=received, label=label)
                for name in ids
            ]
            books.log.append("feedback", lines)
            for path in books.log.segments("feedback"):
                os.utime(path, (time.time(), time.time() + 30 * 86_400))

    def seen() -> tuple[Finding, ...]:
        return lifecycle.monitor(two, now=at + 5 * DAY, known_at=then).findings

    def coverage(findings: tuple[Finding, ...]) -> float | None:
        return next(each.value for each in findings if each.measure == "label_coverage")

    assert coverage(seen()) == 0.0
    tell("No", at + dt.timedelta(hours=11))
    first = seen()
    assert coverage(first) == 1.0
    tell("Yes", at + dt.timedelta(hours=13))
    lifecycle.operate(two, now=at + 3 * DAY)
    assert seen() == first
    lifecycle.release(two, 2, reason="newer", by="anna")
    assert lifecycle.monitor(two, now=at + DAY, known_at=at).version == 1
    with pytest.raises(NotFoundError, match="Nothing was released yet then"):
        lifecycle.monitor(two, now=at, known_at=at - DAY)


pytestmark = pytest.mark.timeout(60)
