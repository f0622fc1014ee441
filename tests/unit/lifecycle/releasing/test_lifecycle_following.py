from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING

import msgspec
import pytest
import sqlalchemy as sa

from mainstay.lifecycle import describe_followed, follow
from mainstay.release import Presence, Release, Route, Worker, open_books
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project
from mainstay.state import to_text

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    register_model(made, TINY_MODEL)
    return made


def _tell(
    project: Project,
    name: str,
    release: Release,
    *,
    tried: Release | None = None,
    trouble: str = "",
    machine: str = "a",
) -> None:
    tried = tried or release
    word = Worker(
        model="churn",
        worker=name,
        machine=machine,
        pid=7,
        release=release.id,
        since=to_text(release.at),
        tried=tried.id,
        tried_since=to_text(tried.at),
        trouble=trouble,
        beat=release.id,
    )
    with open_books(project) as books:
        Presence(books.state).tell(word)


def _said(project: Project, release: Release, wait: float = 10.0) -> str:
    begun = time.monotonic()
    said = describe_followed(follow(project, release, wait))
    assert time.monotonic() - begun < wait + 1
    return said


def test_where_no_server_runs_nobody_is_waited_for(project: Project) -> None:
    assert (
        _said(project, release_now(project, 1))
        == "No server of churn runs now; the next one to start serves version 1."
    )


def test_not_to_wait_is_not_to_look(project: Project) -> None:
    assert follow(project, release_now(project, 1), 0) is None


def test_every_worker_is_waited_for(project: Project) -> None:
    before = release_now(project, 1)
    for name, machine in (("1", "a"), ("2", "a"), ("3", "b")):
        _tell(project, name, before, machine=machine)
    assert ": every one of 3 workers on 2 machines serves version 1 after 0.0" in _said(project, before)
    done = release_now(project, 1)

    def take_up() -> None:
        for name, machine in (("1", "a"), ("3", "b"), ("2", "a")):
            time.sleep(0.1)
            _tell(project, name, done, machine=machine)

    workers = threading.Thread(target=take_up)
    workers.start()
    followed = follow(project, done)
    workers.join()
    assert followed is not None
    assert 0.3 <= followed.seconds < 3
    assert len(followed.following) == 3
    assert followed.behind == ()


def test_one_that_refuses_is_named_with_its_reason_and_not_waited_for(project: Project) -> None:
    before, done = release_now(project, 1), release_now(project, 1)
    _tell(project, "1", done)
    _tell(project, "2", before, tried=done, trouble="Release 2 isn't served: its file is damaged.")
    said = _said(project, done)
    assert said.startswith("churn: 1 of 2 workers on 1 machine serve version 1 after 0.")
    assert "\n  process 7 on a answers by release 1: Release 2 isn't served: its file is damaged." in said


def test_one_that_says_nothing_is_named_when_the_time_is_over(project: Project) -> None:
    before, done = release_now(project, 1), release_now(project, 1)
    _tell(project, "1", before)
    said = _said(project, done, wait=0.3)
    assert "0 of 1 worker on 1 machine serve version 1 after 0.3" in said
    assert "it said nothing about it" in said


def test_one_that_was_killed_long_ago_is_not_counted(project: Project) -> None:
    before, done = release_now(project, 1), release_now(project, 1)
    _tell(project, "1", done)
    _tell(project, "2", before)
    with open_books(project) as books, books.state.begin() as connection:
        at = to_text(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
        connection.execute(sa.text("UPDATE workers SET at = :at WHERE worker = '2'"), {"at": at})
    assert ": 1 worker on 1 machine serves version 1 after " in _said(project, done)


def test_a_canary_is_followed_by_its_number(project: Project) -> None:
    other = register_model(project, TINY_MODEL)
    done = release_now(project, 1, Route(other, "canary", 0.1))
    _tell(project, "1", done)
    _tell(project, "2", done)
    assert "every one of 2 workers on 1 machine answers by release 1 after" in _said(project, done)


def test_a_later_release_is_as_good(project: Project) -> None:
    before, done = release_now(project, 1), release_now(project, 1)
    _tell(project, "1", done)
    assert "1 worker on 1 machine serves version 1" in _said(project, before)


def test_its_namesake_in_a_registry_that_was_restored_is_not(project: Project) -> None:
    done = release_now(project, 1)
    lost = msgspec.structs.replace(done, at=done.at - dt.timedelta(days=1))
    _tell(project, "1", lost)
    assert "0 of 1 worker on 1 machine serve version 1" in _said(project, done, wait=0.2)
    _tell(project, "1", msgspec.structs.replace(lost, id=7))  # which the registry knows nothing of
    assert "0 of 1 worker on 1 machine serve version 1" in _said(project, done, wait=0.2)
