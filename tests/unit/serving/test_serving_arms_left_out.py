"""A version that ended workers is left out of its release, and nobody loads it again by mistake."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import pytest

from mainstay.release import Route
from mainstay.serving import Served
from mainstay.serving.arms import Crash, Crashes
from mainstay.serving.arms.crashes import moment
from mainstay.serving.testing import TINY_MODEL, register_model, release_now

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

GOOD, DEADLY = 1, 2


@pytest.fixture
def notes(project: Project) -> Path:
    """Release a canary that ended two workers while it was loaded; gives the folder where that is noted."""
    assert [register_model(project, TINY_MODEL) for _ in range(2)] == [GOOD, DEADLY]
    release = release_now(project, GOOD, Route(DEADLY, "canary", 0.3))
    folder = project.books / "serving" / "workers"
    folder.mkdir(parents=True)
    for _ in range(2):
        Crashes(folder)._keep(Crash(DEADLY, moment(release), "loading", dt.datetime.now(dt.UTC)))
    return folder


def looking(project: Project) -> Served:
    served = Served(project, loopback=True)
    assert served.look()
    assert served.lineup is not None
    assert served.lineup.left_out == {DEADLY}
    return served


def test_a_worker_that_is_behind_loads_nothing_that_another_has_forgotten(
    project: Project, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    behind, ahead = looking(project), looking(project)
    (bundle,) = (project.books / "store").rglob(f"{project.name}/{DEADLY}")
    shutil.rmtree(bundle)  # so that loading it would be told
    last = release_now(project, GOOD)
    assert ahead.look()
    assert not list(notes.glob("*.crash"))
    capsys.readouterr()
    assert behind.look()
    assert behind.lineup is not None
    assert behind.lineup.release == last
    assert capsys.readouterr().err == ""


def test_it_is_tried_anew_where_the_notes_were_removed(project: Project, notes: Path) -> None:
    served = looking(project)
    served.look()
    assert served.lineup is not None
    assert served.lineup.left_out == {DEADLY}
    for note in notes.glob("*.crash"):
        note.unlink()
    served.look()
    assert served.lineup.left_out == frozenset()
    assert [arm.version for arm in served.lineup.arms] == [GOOD, DEADLY]
