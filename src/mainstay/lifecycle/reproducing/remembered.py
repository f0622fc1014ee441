"""What came of reproducing versions, kept in the log: the ML Test Score asks for it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.events import found_since, log_findings
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from mainstay.lifecycle.reproducing.result import Reproduction
    from mainstay.release import Books

REPRODUCTION = "reproduction"
"""The group of these findings: of no window, so that no look and no alarm takes them for its own."""


def remember(books: Books, found: Reproduction) -> None:
    """Write down what came of making a version again."""
    finding = Finding(
        measure="reproduced",
        where=_place(found.version),
        value=float(found.ok),
        ok=found.ok,
        group=REPRODUCTION,
        note=f"In {'a ' if found.where.startswith('fresh') else ''}{found.where}: {found.said}",
    )
    log_findings(books.log, found.model, dt.datetime.now(dt.UTC), [finding])


def remembered(books: Books, number: int) -> Finding | None:
    """Give what came of the last time a version was made again; None where nobody tried."""
    told = [each.finding for each in found_since(books.log, model=books.project.name)]
    mine = [one for one in told if one.group == REPRODUCTION and one.where == _place(number)]
    return mine[-1] if mine else None


def _place(number: int) -> str:
    return f"version {number}"
