"""Reading the books of one project for the overview, no more of them than a page can afford. The one part with I/O.

Imports Polars, as windows do.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError
from mainstay.events.window import take_window
from mainstay.registry import read_bundle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mainstay.events.window import Window
    from mainstay.registry import Bundle, Version
    from mainstay.release import Books

AFFORDABLE = 60_000
"""Answers read as rows at most for one page; of more than these the sums of their profiles are shown."""

REACH = dt.timedelta(days=60)
"""How far a page looks back."""


def load_once(books: Books, version: Version) -> Bundle:
    """Load a version; checked once per process, since a bundle never changes."""
    return _bundle(books.registry.folder(version.model, version.number), version)


def load_some(books: Books, versions: Iterable[Version]) -> dict[int, Bundle]:
    """Load versions, leaving out those that can't be loaded here: they only colour a chart."""
    found = {}
    for version in versions:
        try:
            found[version.number] = load_once(books, version)
        except MainstayError:
            continue
    return found


def served_since(books: Books, bundle: Bundle, since: dt.datetime, now: dt.datetime) -> Window:
    """Take everything served since a moment."""
    task = bundle.report.policy.task
    derived = bundle.features.inputs if bundle.features else None
    return take_window(books.log, bundle.contract, task, since, now, model=books.project.name, inputs=derived)


@lru_cache(maxsize=64)
def _bundle(folder: Path, version: Version) -> Bundle:
    return read_bundle(folder, version, run=False)  # a page only looks at versions
