"""What a server is guarded with: the keys of its projects, and what its workers count together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serving.guard.guard import Guard
from mainstay.serving.guard.rates import Rates
from mainstay.serving.guard.store import KeyFile, key_file, mounted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.project import Project


def open_guard(projects: Sequence[Project], *, asks: bool = False) -> Guard:
    """Open the guard of a server.

    Parameters
    ----------
    projects : sequence of Project
        What it serves: the keys of each open its own model, those of a mounted file open all.
    asks : bool
        Whether keys are asked for even where there is no file of them.

    Raises
    ------
    StoreError
        Where a file of keys can't be read.

    """
    path = mounted()
    if path is not None:
        places = [(KeyFile(path), frozenset[str]())]
    else:
        places = [(key_file(project), frozenset({project.name})) for project in projects]
    return Guard(places, Rates.of_environment(), asks=asks)
