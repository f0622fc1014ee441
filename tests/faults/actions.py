"""What is interrupted: everything that writes in book 1, on a project so small that a point costs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from mainstay import lifecycle
from mainstay.project import Project
from mainstay.release import Approved, open_books
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

Act: TypeAlias = Callable[[Project], object]
NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def prepare(template: Path) -> None:
    """Make the books every action begins with: three versions, the first two released."""
    project = tiny_project(template)
    (project.root / "contract.toml").write_text('[tenure]\ntype = "integer"\n', encoding="utf-8")
    lifecycle.new_key(project, name="ours", now=NOW)
    for number in (1, 2, 3):
        register_model(project, TINY_MODEL)
        if number < 3:
            release_now(project, number, trial=True)
    other = tiny_project(template / "elsewhere")
    theirs = lifecycle.new_key(other, name="theirs", now=NOW)
    lifecycle.trust_key(project, theirs.key.public, name="theirs", now=NOW)
    lifecycle.export_version(other, register_model(other, TINY_MODEL), project.root / "other.zip")


def register(project: Project) -> None:
    """Register the next version."""
    register_model(project, TINY_MODEL)


def release(project: Project) -> None:
    """Give everything to version 3."""
    lifecycle.release(project, 3, reason="better", by="me", trial=True)


def canary(project: Project) -> None:
    """Give a share to version 3."""
    lifecycle.release(project, 3, reason="careful", by="me", trial=True, canary=0.1)


def rollback(project: Project) -> None:
    """Give everything back to version 1."""
    lifecycle.rollback(project, reason="worse", by="me")


def approve(project: Project) -> None:
    """Say yes to version 3."""
    with open_books(project) as books:
        books.approvals.add(Approved(model=project.name, number=3, at=NOW, by="me", reason="good"))


def hold(project: Project) -> None:
    """Keep the controller from promoting."""
    lifecycle.hold(project, reason="a holiday", now=NOW, by="me")


def collect(project: Project) -> None:
    """Remove version 3, which nobody needs."""
    lifecycle.collect(project, now=NOW + dt.timedelta(days=3650), days=1, newest=0)


def make_key(project: Project) -> None:
    """Make a second key."""
    lifecycle.new_key(project, name="second", now=NOW)


def bring_in(project: Project) -> None:
    """Take in a version of another registry."""
    lifecycle.import_version(project, project.root / "other.zip", parent=None, now=NOW, by="me")


RESUMED = {"collect"}
"""Actions of several steps, each whole by itself: an interrupted one is finished by the next."""
ACTIONS: dict[str, Act] = {
    "register": register,
    "release": release,
    "canary": canary,
    "rollback": rollback,
    "approve": approve,
    "hold": hold,
    "collect": collect,
    "make_key": make_key,
    "bring_in": bring_in,
}
