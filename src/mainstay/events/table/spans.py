"""Spans of time in which a table holds about so many rows: for who reads it part by part.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deltalake import DeltaTable

AT_ONCE = 200_000
"""Rows of a part."""
_LEAST = dt.timedelta(milliseconds=1)


class Extent(NamedTuple):
    """A file of a table: from when to when its rows are, and how many."""

    since: dt.datetime
    until: dt.datetime
    rows: float


Span = tuple["dt.datetime | None", "dt.datetime | None"]


def spans_of(table: DeltaTable, since: dt.datetime | None, until: dt.datetime | None) -> Iterator[Span]:
    """Divide a span so that in each part the table holds about as much; what its files say of themselves tells how."""
    files = pl.DataFrame(table.get_add_actions(flatten=True))
    if not {"min.time", "max.time"} <= set(files.columns):
        return iter([(since, until)])
    known = files.filter(pl.col("min.time").is_not_null() & pl.col("max.time").is_not_null())
    rows = known.select("min.time", "max.time", "num_records").iter_rows()
    extents = [Extent(start, max(end, start + _LEAST), count or 0) for start, end, count in rows]
    return divide(extents, since, until)


def divide(
    extents: Sequence[Extent], since: dt.datetime | None, until: dt.datetime | None, at_once: float = AT_ONCE
) -> Iterator[Span]:
    """Divide a span; the parts are disjoint and cover it, whatever the extents say.

    Examples
    --------
    >>> noon = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    >>> parts = divide([Extent(noon, noon + dt.timedelta(hours=1), 200.0)], None, None, 100.0)
    >>> [f"{end:%H:%M}" for _, end in parts if end]
    ['12:30']

    """
    start = since
    for border in _borders(extents, at_once):
        if (start is None or border > start) and (until is None or border < until):
            yield start, border
            start = border
    yield start, until


def _borders(extents: Sequence[Extent], at_once: float) -> Iterator[dt.datetime]:
    """Give the moments at which a part is full, each file's rows spread evenly over its time."""
    moments = sorted({moment for each in extents for moment in (each.since, each.until)})
    held = 0.0
    for start, end in pairwise(moments):
        length = (end - start).total_seconds()
        pace = sum(_pace(each) for each in extents if each.since <= start and each.until >= end)
        done = 0.0
        while pace > 0 and held + (length - done) * pace > at_once:
            done += (at_once - held) / pace
            held = 0.0
            yield start + dt.timedelta(seconds=done)
        held += (length - done) * pace


def _pace(extent: Extent) -> float:
    return extent.rows / (extent.until - extent.since).total_seconds()
