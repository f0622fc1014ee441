"""Many at once on either engine: one row each time wins, the history has no gap, and a rollback holds with its row."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import MainstayError, ReleaseError
from mainstay.release import open_books, propose_release
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def project(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("MAINSTAY_STATE", place)
    made = tiny_project(tmp_path)
    for number in range(1, 4):
        assert register_model(made, TINY_MODEL) == number
    release_now(made, 1)
    release_now(made, 2)
    return made


def at_once(*deeds: Callable[[], object]) -> list[MainstayError]:
    """Do things in threads that start together; gives what went wrong."""
    gate, wrong = threading.Barrier(len(deeds)), list[MainstayError]()

    def run(deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            deed()
        except MainstayError as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_of_a_release_and_a_rollback_at_once_the_loser_leaves_nothing(project: Project) -> None:
    for _ in range(4):
        other = 2 if lifecycle.history(project)[0].champion == 3 else 3
        lifecycle.release(project, other, reason="again", by="anna", trial=True)
        before = lifecycle.history(project)
        if lifecycle.held(project):
            lifecycle.resume(project, reason="go on", now=before[0].at, by="anna")
        wrong = at_once(
            lambda: lifecycle.release(project, 1, reason="mine", by="anna", trial=True, canary=0.5),
            lambda: lifecycle.rollback(project, reason="theirs", by="ben"),
        )
        after = lifecycle.history(project)
        assert all(isinstance(error, ReleaseError) for error in wrong)
        assert [row.id for row in after] == list(range(len(after), 0, -1))
        assert len(after) - len(before) + len(wrong) == 2
        held = lifecycle.held(project)
        rolled_back = [row.id for row in after[: len(after) - len(before)] if row.kind == "rollback"]
        assert [held.release] == rolled_back if held else not rolled_back


def test_of_many_who_draft_after_the_same_row_one_wins(project: Project) -> None:
    with open_books(project) as books:
        history, name = books.releases.history(project.name), project.name
        at = history[-1].at
        drafts = [
            propose_release(history, name, 3, at=at, by=by, reason="mine") for by in ("anna", "ben", "carl", "dora")
        ]
        wrong = at_once(*(lambda row=row: books.releases.append(row) for row in drafts))
    assert [type(error) for error in wrong] == [ReleaseError] * 3
    assert len(lifecycle.history(project)) == len(history) + 1


def test_two_who_hold_at_once_are_one_hold(project: Project) -> None:
    now = lifecycle.history(project)[0].at
    wrong = at_once(
        *(lambda by=by: lifecycle.hold(project, reason="a look", now=now, by=by) for by in ("anna", "ben", "carl"))
    )
    assert [type(error) for error in wrong] == [ReleaseError] * 2
    assert lifecycle.held(project) is not None


def test_two_who_approve_at_once_are_both_kept(project: Project) -> None:
    now = lifecycle.history(project)[0].at
    with open_books(project) as books:
        assert books.registry.version(project.name, 3).by == "a test"
    wrong = at_once(
        *(lambda by=by: lifecycle.approve(project, 3, reason="read it", now=now, by=by) for by in ("anna", "ben"))
    )
    assert wrong == []
    with open_books(project) as books:
        assert sorted(one.by for one in books.approvals.of(project.name, 3)) == ["anna", "ben"]
