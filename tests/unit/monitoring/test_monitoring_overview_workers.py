"""The overview names who answers beside the champion, and the workers that are behind."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from mainstay.monitoring.overview import build
from mainstay.release import Presence, Release, Route, Worker, open_books
from mainstay.render.overview_terminal import overview_terminal
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project
from mainstay.state import to_text

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.render.overview import Overview


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    for _ in range(2):
        register_model(made, TINY_MODEL)
    return made


def _tell(project: Project, name: str, release: Release, trouble: str = "") -> None:
    word = Worker(
        model="churn",
        worker=name,
        machine="web1",
        pid=int(name),
        release=release.id,
        since=to_text(release.at),
        trouble=trouble,
        beat=1,
    )
    with open_books(project) as books:
        Presence(books.state).tell(word)


def _built(project: Project) -> Overview:
    return build((project,), dt.datetime.now(dt.UTC))


def _shown(overview: Overview) -> str:
    screen = Console(file=io.StringIO(), width=200)
    with screen.capture() as seen:
        screen.print(overview_terminal(overview, 200))
    return seen.get()


def test_a_champion_alone_on_workers_that_follow_needs_no_words(project: Project) -> None:
    _tell(project, "11", release_now(project, 1))
    (row,) = _built(project).models
    assert (row.who, row.workers, row.behind) == ("", 1, ())
    assert "web1" not in _shown(_built(project))


def test_a_running_canary_is_named(project: Project) -> None:
    release_now(project, 1, Route(2, "canary", 0.1))
    (row,) = _built(project).models
    assert row.who == "Version 1 answers 90 %, version 2 (canary) answers 10 %."
    assert row.workers == 0
    assert "churn: Version 1 answers 90 %, version 2 (canary) answers 10 %." in _shown(_built(project))


def test_workers_that_are_behind_are_named_with_the_reason(project: Project) -> None:
    before, now = release_now(project, 1), release_now(project, 2)
    _tell(project, "11", now)
    _tell(project, "12", before, "Release 2 isn't served: its file is damaged.")
    _tell(project, "13", now, "The release history can't be read.")
    (row,) = _built(project).models
    assert row.workers == 3
    assert row.behind == (
        "process 12 on web1 answers by release 1: Release 2 isn't served: its file is damaged.",
        "process 13 on web1 answers by release 2: The release history can't be read.",
    )
    shown = _shown(_built(project))
    assert all(f"churn: {behind}" in shown for behind in row.behind)
