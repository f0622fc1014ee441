"""What a server finds by itself becomes one alert, may roll back where the project says so, and ends by itself."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Found, IdMaker, actions
from mainstay.lifecycle.heeding import LASTS, heed_servers
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route, open_books
from mainstay.serving.arms.findings import ended, failing, recovered, unloaded
from mainstay.serving.testing import register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.measures.finding import Finding
    from mainstay.project import Project

SECOND = dt.timedelta(seconds=1)
FAILS = failing(2, 1.0, 0.5, "ValueError: secret")


def canary(folder: Path, more: str = "") -> Project:
    project = tiny_project(folder, more=more)
    first, second = register_model(project, ConstantModel(0.1)), register_model(project, ConstantModel(0.9))
    release_now(project, first)
    release_now(project, first, Route(second, "canary", 0.1))
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return canary(tmp_path)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def tell(project: Project, finding: Finding, at: dt.datetime | None = None) -> None:
    log = EventLog(project.books / "events")
    log.append("findings", [Found(event=IdMaker()(), at=at or now(), model=project.name, finding=finding)])
    log.close()


def heed(project: Project, at: dt.datetime | None = None) -> list[str]:
    return [f"{action.kind} {action.subject}" for action in heed_servers(project, now=at or now())]


def test_nothing_found_is_nothing_done(project: Project) -> None:
    assert heed(project) == []


@pytest.mark.parametrize("finding", [FAILS, ended(2, 3, "It ended 3 workers."), unloaded(2, "It is damaged.")])
def test_what_is_said_again_and_again_is_one_alert(project: Project, finding: Finding) -> None:
    tell(project, finding)
    (done,) = heed_servers(project, now=now())
    assert (done.kind, done.subject) == ("alert", finding.key)
    assert finding.note in done.message
    tell(project, finding)
    assert heed(project) == []
    assert len(actions(EventLog(project.books / "events"))) == 1


def test_it_is_over_once_nobody_says_so_any_more(project: Project) -> None:
    tell(project, FAILS)
    heed(project)
    tell(project, recovered(2, 0.5))
    assert heed(project) == []  # another worker may still see it fail
    assert heed(project, now() + LASTS + SECOND) == [f"resolve {FAILS.key}"]
    assert heed(project, now() + LASTS + SECOND) == []


def test_another_release_ends_it(project: Project) -> None:
    tell(project, FAILS)
    heed(project)
    release_now(project, 1)
    assert heed(project) == [f"resolve {FAILS.key}"]


def test_a_canary_is_ended_where_the_project_says_so(tmp_path: Path) -> None:
    project = canary(tmp_path, '[decisions]\nrollback_on = ["*/*/version *"]\n')
    tell(project, FAILS)
    assert heed(project) == [f"alert {FAILS.key}", f"rollback {FAILS.key}"]
    with open_books(project) as books:
        assert books.releases.history(project.name)[-1].routes == (Route(1, "champion", 1.0),)
    assert heed(project) == [f"resolve {FAILS.key}"]
