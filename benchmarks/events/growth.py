"""That many small segments, a commit each, leave the log quick to ship and to read, looked after as a day does."""

from __future__ import annotations

import datetime as dt
import time
from statistics import median
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from serving.ours import CONTRACT

from events.bars import Part
from events.shipping import fill, lines_of
from mainstay.events import EventLog, EventsSettings
from mainstay.events.read import read_predictions
from mainstay.events.table.care import tend
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DAYS = 30
_ROWS = 10  # of each segment
_READINGS = 10


def measure(folder: Path, commits: int, tell: Callable[[str], None]) -> Part:
    """Ship segments over the days, and read the whole log now and then."""
    log = EventLog(folder / "growth", EventsSettings(keep_segments="1s"))
    place = log.root / "table" / "predictions"
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(days=_DAYS)
    took, rows = [], []
    for number in range(1, commits + 1):
        at = begun + dt.timedelta(days=_DAYS * number / commits)
        fill(log, lines_of(_ROWS, at))
        start = time.perf_counter()
        ship(log, ("predictions",), contract_of=lambda _: CONTRACT)
        took.append(time.perf_counter() - start)
        if number % max(1, commits // _DAYS) == 0:
            tend(log, at + dt.timedelta(days=1), ("predictions",))
        if number % max(1, commits // _READINGS) == 0:
            read = _read(log, _ROWS * number)
            files, inside = len(DeltaTable(place).file_uris()), len(list((place / "_delta_log").iterdir()))
            times = f"{1000 * median(took[-20:]):.0f}", f"{1000 * read:.0f}"
            rows.append((str(number), str(files), str(inside), *times))
            tell(f"growth: {number} commits, {files} files, read in {times[1]} ms")
    return Part(
        f"A table that grows by {commits:,} commits in {_DAYS} days",
        ("commits", "files", "files of the table's log", "ship, ms", "read all, ms"),
        tuple(rows),
    )


def _read(log: EventLog, rows: int) -> float:
    start = time.perf_counter()
    height = read_predictions(log, CONTRACT, columns=["id", "score"]).height
    took = time.perf_counter() - start
    if height != rows:
        raise SystemExit(f"{height} rows of {rows}")
    return took
