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
    for number in (1, 2, 3):
        register_model(project, TINY_MODEL)
        if number < 3:
            release_now(project, number, trial=True)


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


ACTIONS: dict[str, Act] = {
    "register": register,
    "release": release,
    "canary": canary,
    "rollback": rollback,
    "approve": approve,
}
