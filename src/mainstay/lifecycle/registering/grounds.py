"""`Grounds`: what a version stands on beside its rows, taken before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.errors import ProjectError
from mainstay.lifecycle.origins import keep_data
from mainstay.registry.code import Code, capture_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data import Snapshot
    from mainstay.data.versions import Kept
    from mainstay.project import Project


@dataclass(frozen=True)
class Grounds:
    """What a version stands on.

    Parameters
    ----------
    kept : Kept
        The version of its rows, and where it is kept.
    code : Code
        The project's code as it was before the training.
    made : str
        How the version is made: see `mainstay.registry.Version`.
    by : str
        Who makes it.

    """

    kept: Kept
    code: Code
    made: str
    by: str


def take_grounds(
    project: Project, snapshot: Snapshot, made: str, by: str, progress: Callable[[str], None] | None = None
) -> Grounds:
    """Keep the rows a training is about to learn from, and then the project's code: pointers belong to it.

    Raises
    ------
    DataError
        Where the source isn't what was read any more, or can't be kept.
    ProjectError
        Where feature code isn't what was read any more.

    """
    kept = keep_data(project, snapshot, progress)
    code = capture_code(project.root)
    if snapshot.features is not None:
        read = snapshot.features.code
        found = next((one.sha256 for one in code.files if one.path == read.file), "")
        if found != read.sha256:
            raise ProjectError(f"{read.file} changed while the rows were read.", "Train again.")
    return Grounds(kept, code, made, by)
