"""A project with one sound version, and the same bundle taken apart, once for the whole corpus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.hostile.builders import Bundle, written

from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


@dataclass
class Ground:
    """Where the corpus is tried.

    Parameters
    ----------
    project : Project
        Its version 1 is sound.
    sound : Bundle
        That version, taken apart.
    canary : Path
        What no payload may ever touch.
    number : int
        The last version.

    """

    project: Project
    sound: Bundle
    canary: Path
    number: int = 1

    def place(self, bundle: Bundle) -> int:
        """Put a bundle where a version lies, and a row of its digest into the books: as who holds both could."""
        self.number += 1
        with open_books(self.project) as books:
            folder = books.registry.folder("churn", 1).parent / str(self.number)
            folder.mkdir()
            written(bundle, folder)
            row = msgspec.structs.replace(books.registry.version("churn", 1), number=self.number, digest=bundle.digest)
            books.registry.restate(row)
        return self.number

    def folder(self, number: int) -> Path:
        """Name where a version lies."""
        return self.project.books / "store" / "churn" / str(number)


def ground_in(folder: Path) -> Ground:
    """Make a project with one sound version."""
    project = tiny_project(folder)
    register_model(project, TINY_MODEL)
    lies = project.books / "store" / "churn" / "1"
    found = {path.relative_to(lies).as_posix(): path.read_bytes() for path in lies.rglob("*") if path.is_file()}
    return Ground(project, Bundle.of(found), folder / "canary")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground_in(tmp_path_factory.mktemp("hostile"))
