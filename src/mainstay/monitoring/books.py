"""Reading the books of one project for the overview: versions, releases, events. The only part here that does I/O.

Imports Polars, as windows do.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError
from mainstay.events import actions, found_since, open_log
from mainstay.events.window import take_window
from mainstay.registry import Registry, read_bundle
from mainstay.release import Releases
from mainstay.state import open_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mainstay.events import Action, EventLog, Found
    from mainstay.events.window import Window
    from mainstay.models.report import Verdict
    from mainstay.project import Project
    from mainstay.registry import Bundle, Version
    from mainstay.release import Release

AFFORDABLE = 96 * 1024 * 1024
"""Bytes of predictions read at most for one page: some hundred thousand of them, well below a second each."""

_REACHES = tuple(dt.timedelta(hours=hours) for hours in (60 * 24, 30 * 24, 14 * 24, 7 * 24, 3 * 24, 24, 12, 6, 3, 1))


@dataclass(frozen=True)
class Books:
    """The books of one project, open for reading."""

    name: str
    registry: Registry
    releases: Releases
    log: EventLog

    def versions(self) -> tuple[Version, ...]:
        """Give every version, oldest first."""
        return self.registry.versions(self.name)

    def verdict(self, number: int) -> Verdict | None:
        """Give what the gates say of a version."""
        return self.registry.latest_verdict(self.name, number)

    def history(self) -> tuple[Release, ...]:
        """Give every release, oldest first."""
        return self.releases.history(self.name)

    def bundle(self, version: Version) -> Bundle:
        """Load a version; checked once per process, since a bundle never changes."""
        return _bundle(self.registry.folder(self.name, version.number), version)

    def bundles(self, versions: Iterable[Version]) -> dict[int, Bundle]:
        """Load versions, leaving out those that can't be loaded here: they only colour a chart."""
        found = {}
        for version in versions:
            try:
                found[version.number] = self.bundle(version)
            except MainstayError:
                continue
        return found

    def window(self, bundle: Bundle, since: dt.datetime, now: dt.datetime) -> Window:
        """Take everything served since a moment."""
        return take_window(self.log, bundle.contract, bundle.report.policy.task, since, now, model=self.name)

    def reach(self, now: dt.datetime) -> dt.datetime:
        """Give the moment back to which predictions can be read fast enough for a page: sixty days at most."""
        for reach in _REACHES:
            size = sum(path.stat().st_size for path in self.log.segments("predictions", now - reach))
            if size <= AFFORDABLE:
                return now - reach
        return now - _REACHES[-1]

    def actions(self, since: dt.datetime) -> list[Action]:
        """List what was done."""
        return actions(self.log, since, self.name)

    def found(self, since: dt.datetime) -> list[Found]:
        """List what was found, oldest first."""
        return found_since(self.log, since, self.name)


@contextmanager
def open_books(project: Project) -> Iterator[Books]:
    """Open a project's books, where MAINSTAY_STATE and MAINSTAY_STORE say or in the project itself."""
    state = open_state(os.environ.get("MAINSTAY_STATE") or project.books)
    try:
        store = Path(os.environ.get("MAINSTAY_STORE") or project.books / "store")
        yield Books(project.name, Registry(state, store), Releases(state), open_log(project))
    finally:
        state.close()


@lru_cache(maxsize=64)
def _bundle(folder: Path, version: Version) -> Bundle:
    return read_bundle(folder, version)
