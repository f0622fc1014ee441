"""How new the newest row is: what the rows say, else what the file says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.snapshot import Snapshot

_EARLIEST = 3e8  # seconds since 1970; a smaller number is a year or a rank and no time
_LATEST = 4e9


def newest_row(snapshot: Snapshot) -> tuple[dt.datetime | None, str]:
    """Say how new the newest row is, and what says so.

    Columns with the role "time" come first, then the order of the rows; the time of the source's file is the last
    resort: a copy made today makes old rows look new.

    Returns
    -------
    tuple of datetime or None, and str
        ``(None, "")`` where nothing says.

    """
    found = max(_in_rows(snapshot), default=None)
    if found is not None:
        return found
    changed = max((nanoseconds for _, _, nanoseconds in snapshot.stamp), default=0)
    if not changed:
        return None, ""
    return dt.datetime.fromtimestamp(changed / 1e9, dt.UTC), "the time of its file"


def _in_rows(snapshot: Snapshot) -> Iterator[tuple[dt.datetime, str]]:
    timed = {column.name for column in snapshot.contract.columns if column.role == "time"}
    for rows in (snapshot.train, snapshot.test):
        for name in timed & set(rows.frame.columns):
            latest = rows.frame.get_column(name).max() if rows.frame.get_column(name).dtype.is_temporal() else None
            if isinstance(latest, dt.datetime):
                yield latest.replace(tzinfo=latest.tzinfo or dt.UTC), f"column {name}"
        if rows.times is not None and rows.times.size and _EARLIEST < float(rows.times.max()) < _LATEST:
            yield dt.datetime.fromtimestamp(float(rows.times.max()), dt.UTC), f"column {snapshot.time}"
