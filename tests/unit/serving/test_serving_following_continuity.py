from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Release, Route, open_books
from mainstay.serving import Served
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def two(released: Project) -> Project:
    """Have two versions, released one after the other."""
    release_now(released, register_model(released, ConstantModel(0.5)))
    return released


def _served(project: Project) -> Served:
    served = Served(project, loopback=True)
    served.look()
    served.fall_back()
    return served


def _version(served: Served) -> int:
    assert served.lineup is not None
    return served.lineup.champion.version


def _copy(project: Project, name: str) -> Path:
    copy = project.books / name
    with closing(sqlite3.connect(project.books / "registry.sqlite")) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)
    return copy


def _replace(project: Project, by: Path) -> None:
    for beside in project.books.glob("registry.sqlite*"):
        beside.unlink()
    shutil.copy(by, project.books / "registry.sqlite")


def _replace_all(project: Project, other: Project) -> None:
    """Put another registry in the place of this one, with its bundles."""
    _replace(project, other.books / "registry.sqlite")
    shutil.rmtree(project.books / "store")
    shutil.copytree(other.books / "store", project.books / "store")


def _release_at(project: Project, version: int, at: dt.datetime) -> Release:
    with open_books(project) as books:
        return books.releases.append(
            Release(
                id=books.releases.last_id(project.name) + 1,
                model=project.name,
                kind="release",
                routes=(Route(version, "champion", 1.0),),
                at=at,
                by="a test",
                reason="because",
            )
        )


def test_an_emptied_registry_drops_no_champion(two: Project, tmp_path: Path) -> None:
    served = _served(two)
    empty = tiny_project(tmp_path / "other")
    open_books(empty).state.close()
    _replace(two, empty.books / "registry.sqlite")
    for _ in range(3):
        assert not served.look()
        assert _version(served) == 2
        assert "knows no release of churn: it was emptied, or is another one. Version 2 (release 2)" in served.trouble
    assert _version(_served(two)) == 2  # a worker that is replaced meanwhile, too


def test_another_registry_is_not_followed_until_somebody_releases_there(two: Project, tmp_path: Path) -> None:
    served = _served(two)
    other = tiny_project(tmp_path / "other")
    for _ in range(4):
        release_now(other, register_model(other, TINY_MODEL))  # later than everything here, and with higher numbers
    _replace(two, other.books / "registry.sqlite")
    restarted = _served(two)
    _replace_all(two, other)
    assert not served.look()
    assert _version(served) == 2
    assert "tells another history of churn" in served.trouble
    assert _version(restarted) == 2
    release_now(two, 1)
    for one in (served, restarted):
        assert one.look()
        assert _version(one) == 1
        assert one.trouble == ""
    assert _version(_served(two)) == 1


def test_a_restored_backup_does_not_turn_back_time(two: Project) -> None:
    old = _copy(two, "old")
    release_now(two, register_model(two, TINY_MODEL))
    served = _served(two)
    assert _version(served) == 3
    _replace(two, old)
    assert not served.look()
    assert _version(served) == 3
    assert "ends at release 2 of churn: it was restored from an older backup" in served.trouble
    assert _version(_served(two)) == 3
    release_now(two, 1)  # takes the number that release 3 had
    assert served.look()
    assert (_version(served), served.trouble) == (1, "")


def test_who_was_not_there_follows_what_was_released_since_the_backup(two: Project) -> None:
    old = _copy(two, "old")
    release_now(two, register_model(two, TINY_MODEL))
    assert _version(_served(two)) == 3
    _replace(two, old)
    release_now(two, 1)  # while no server runs
    assert _version(_served(two)) == 1


def test_a_clock_that_was_set_back_hides_no_release(two: Project) -> None:
    served = _served(two)
    _release_at(two, 1, dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    assert served.look()
    assert _version(served) == 1
    _release_at(two, 2, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    assert _version(_served(two)) == 2
    old = _copy(two, "old")
    release_now(two, 1)
    served.look()
    _replace(two, old)
    assert not served.look()
    _release_at(two, 2, dt.datetime(1999, 1, 1, tzinfo=dt.UTC))  # restored, and the clock is wrong: it was seen to come
    assert served.look()
    assert _version(served) == 2


def test_a_registry_that_comes_back_ends_the_matter(two: Project, tmp_path: Path) -> None:
    served = _served(two)
    right = _copy(two, "right")
    other = tiny_project(tmp_path / "other")
    release_now(other, register_model(other, TINY_MODEL))
    _replace(two, other.books / "registry.sqlite")
    served.look()
    assert served.trouble
    _replace(two, right)
    assert not served.look()
    assert served.trouble == ""
    release_now(two, 1)
    assert served.look()
    assert _version(served) == 1


def test_what_another_worker_saw_come_is_followed(two: Project, tmp_path: Path) -> None:
    saw, was_blind = _served(two), _served(two)
    other = tiny_project(tmp_path / "other")
    release_now(other, register_model(other, TINY_MODEL))
    _replace_all(two, other)
    saw.look()
    release_now(two, 1)
    assert saw.look()
    assert _version(saw) == 1
    assert was_blind.look()  # its first sight of the stranger is what its colleague serves
    assert _version(was_blind) == 1
