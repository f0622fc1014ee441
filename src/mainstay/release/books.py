"""The two books of a project, opened together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mainstay.errors import NotFoundError
from mainstay.events import open_log
from mainstay.registry import ProjectKeys, Registry, trusted_by
from mainstay.registry.store import CACHE, STORE, open_store
from mainstay.release.approvals import Approvals
from mainstay.release.history import Releases
from mainstay.release.holds import Holds
from mainstay.state import finish_moves, open_late, open_state

if TYPE_CHECKING:
    from mainstay.events import EventLog
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.registry.store import Store
    from mainstay.release.release import Release
    from mainstay.state import State


@dataclass(frozen=True)
class Books:
    """What was built and who answers (book 1), what happened (book 2); closed at the end of a ``with``.

    Parameters
    ----------
    project : Project
        Whose they are.
    state : State
        The SQL engine under book 1.
    registry, releases, log
        The books.
    approvals : Approvals
        Who said yes to a version.
    holds : Holds
        Whether something other than a person may change who answers.

    """

    project: Project
    state: State
    registry: Registry
    releases: Releases
    log: EventLog
    approvals: Approvals
    holds: Holds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.log.close()
        self.state.close()

    def champion(self, *, run: bool = True) -> Bundle | None:
        """Load the version that is champion, to answer or (`run` False) to look at; None before the first release."""
        release = self.releases.current(self.project.name)
        return None if release is None else self.registry.load_bundle(self.project.name, release.champion, run=run)

    def release_in_force(self) -> Release:
        """Give the release in force.

        Raises
        ------
        NotFoundError
            Before the first one.

        """
        release = self.releases.current(self.project.name)
        if release is None:
            raise NotFoundError(
                f"No version of {self.project.name} is released yet.",
                "Train and release one: mainstay train, then mainstay release 1.",
            )
        return release


def place_of(books: Path) -> Path | str:
    """Say where a registry is kept: in its project's folder of books, or at the address in MAINSTAY_STATE."""
    return os.environ.get("MAINSTAY_STATE") or books


def store_of(books: Path) -> Store:
    """Open where bundles lie: in the folder of books, or where MAINSTAY_STORE and MAINSTAY_CACHE say."""
    cache = Path(os.environ.get("MAINSTAY_CACHE") or books / CACHE)
    return open_store(os.environ.get("MAINSTAY_STORE") or books / STORE, cache)


def open_books(project: Project, *, late: bool = False) -> Books:
    """Open a project's books: in its folder, or where MAINSTAY_STATE and MAINSTAY_STORE say the registry is kept.

    Parameters
    ----------
    project : Project
        Whose.
    late : bool
        Whether the database is opened at its first use rather than now: for who has something to do while it is away.

    """
    finish_moves(project.books)
    store = store_of(project.books)
    # Versions in the store and no registry: it was lost, and an empty one in its place would hide that.
    opened = open_late if late else open_state
    state = opened(place_of(project.books), books=project.books, lost=lambda: bool(store.numbers(project.name)))
    registry = Registry(state, store, trusted_by(project), ProjectKeys(project))
    return Books(project, state, registry, Releases(state), open_log(project), Approvals(state), Holds(state))
