"""Several at once: of fifty releases after one history one wins; versions written at once get numbers of their own."""

from __future__ import annotations

import multiprocessing as mp
from functools import partial
from typing import TYPE_CHECKING

from tests.faults.actions import NOW, prepare
from tests.faults.sound import complaints

from mainstay import lifecycle
from mainstay.errors import LockedError, ReleaseError
from mainstay.project import open_project
from mainstay.release import open_books, propose_release
from mainstay.serving.testing import TINY_MODEL, register_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from mainstay.project import Project

_WRITERS = 50


def together(project: Project, what: Callable[[Path, Barrier], str], many: int) -> list[str]:
    """Let that many processes begin at the same moment; gives what each of them came to."""
    fork = mp.get_context("fork")
    barrier = fork.Barrier(many)
    with fork.Manager() as manager:
        came: list[str] = manager.list()  # type: ignore[assignment]  # a list to us
        workers = [fork.Process(target=_one, args=(partial(what, project.root, barrier), came)) for _ in range(many)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(120)
        return list(came)


def _one(what: Callable[[], str], came: list[str]) -> None:
    came.append(what())


def same_history(root: Path, barrier: Barrier) -> str:
    """Release version 3 after the history as everybody saw it."""
    project = open_project(root)
    with open_books(project) as books:
        history = books.releases.history(project.name)
        barrier.wait()
        row = propose_release(history, project.name, 3, at=NOW, by="me", reason="better", trial=True)
        try:
            return f"won {books.releases.append(row).id}"
        except ReleaseError as error:
            return error.message


def whole_verb(root: Path, barrier: Barrier) -> str:
    """Roll back, with whatever history there is by then."""
    project = open_project(root)
    barrier.wait()
    try:
        return f"won {lifecycle.release(project, 3, reason='better', by='me', trial=True).id}"
    except (ReleaseError, LockedError) as error:
        return error.message


def registers(root: Path, barrier: Barrier) -> str:
    """Register a version."""
    project = open_project(root)
    barrier.wait()
    return str(register_model(project, TINY_MODEL))


def test_fifty_releases_at_once_have_one_winner(tmp_path: Path) -> None:
    prepare(tmp_path)
    project = open_project(tmp_path / "churn")
    came = together(project, same_history, _WRITERS)
    assert sorted(set(came)) == ["Somebody else released churn meanwhile (release 3).", "won 3"]
    assert came.count("won 3") == 1
    assert len(came) == _WRITERS
    assert not list(complaints(project))


def test_the_whole_verb_at_once_leaves_a_linear_history(tmp_path: Path) -> None:
    prepare(tmp_path)
    project = open_project(tmp_path / "churn")
    came = together(project, whole_verb, 8)
    assert len(came) == 8
    assert [one for one in came if one.startswith("won")] == ["won 3"]
    others = {one for one in came if not one.startswith("won")}
    assert all("meanwhile" in one or "Nothing would change" in one for one in others), others
    assert not list(complaints(project))


def test_versions_written_at_once_get_numbers_of_their_own(tmp_path: Path) -> None:
    prepare(tmp_path)
    project = open_project(tmp_path / "churn")
    assert sorted(map(int, together(project, registers, 6))) == [4, 5, 6, 7, 8, 9]
    assert not list(complaints(project))
