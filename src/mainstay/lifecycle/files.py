"""Scoring a file of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data import DataSettings
from mainstay.release import ReleaseSettings, open_books
from mainstay.serving.batch import Scored, score_file

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.release import Release


def predict_file(project: Project, source: Path, out: Path, *, number: int | None = None) -> Scored:
    """Score a file with the champion, or with version `number`: logged as what it is in the release in force."""
    with open_books(project) as books:
        chosen = number or books.release_in_force().champion
        bundle = books.registry.load_bundle(project.name, chosen)
        settings = project.section("data", DataSettings)
        role = _role(books.releases.current(project.name), chosen)
        control = project.section("release", ReleaseSettings).control
        return score_file(
            bundle, source, out, log=books.log, books=project.books, role=role, settings=settings, control=control
        )


def _role(release: Release | None, number: int) -> str:
    """Say what a version is in the release in force: one that isn't in it answers beside it, as a shadow does."""
    routes = release.routes if release else ()
    return next((route.role for route in routes if route.version == number), "shadow")
