"""Looking after the tables: few and large files, nothing that is older than it should be, no leftovers.

Everything here may be done again, by several machines at once, and be killed anywhere: each step is one commit, or
removes what no reader needs any more.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from deltalake import exceptions

from mainstay.events.log import STREAMS
from mainstay.events.segments import remove_segment
from mainstay.events.table.place import address_of, open_table, told
from mainstay.events.table.sealed import ASIDE
from mainstay.events.table.shipped import forget, shipped_before
from mainstay.events.table.shipping import PROPERTIES
from mainstay.project.lengths import seconds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from mainstay.events.log import EventLog, Stream

SMALL = 32 * 1024 * 1024
"""Bytes below which a file counts as small."""

MANY = 32
"""Small files of a day that isn't over, from which on they are made one."""

LARGE = 256 * 1024 * 1024
KEEPS = dt.timedelta(days=1)
"""How long a file stays that no snapshot needs any more: nobody reads for longer, and no commit takes longer."""

_MOST_DAYS = 400  # looked after in one go


@dataclass(frozen=True)
class Tended:
    """What was done for the tables.

    Parameters
    ----------
    compacted : int
        Small files that were made fewer.
    expired : int
        Rows that were deleted, being older than ``[events] keep``.
    vacuumed : int
        Files that no snapshot needs any more.
    removed : int
        Segments that were deleted, having been in the table for as long as ``[events] keep_segments`` says.

    """

    compacted: int = 0
    expired: int = 0
    vacuumed: int = 0
    removed: int = 0

    def __add__(self, other: Tended) -> Tended:
        """Add up what was done."""
        return Tended(
            self.compacted + other.compacted,
            self.expired + other.expired,
            self.vacuumed + other.vacuumed,
            self.removed + other.removed,
        )


def tend(log: EventLog, now: dt.datetime, streams: Sequence[Stream] = STREAMS) -> Tended:
    """Look after the tables of some streams: retention, compaction, vacuum, and segments that were shipped long ago.

    Parameters
    ----------
    log : EventLog
        The log; its settings say how long events and segments stay.
    now : datetime
        When this is, UTC.
    streams : sequence of str
        Which streams.

    Raises
    ------
    StoreError
        Where a table can't be reached or written; what was done before stays done.

    """
    total = Tended()
    for stream in streams:
        table = open_table(log, stream)
        if table is None:
            continue
        with told(address_of(log, stream)):
            expired = _expire(log, table, now)
            compacted = compact(table, now)
            vacuumed = vacuum(table)
        total += Tended(compacted, expired, vacuumed, remove_shipped(log, stream, now))
        _expire_aside(log, stream, now)
    return total


def compact(table: DeltaTable, now: dt.datetime) -> int:
    """Make small files fewer, of days that are over and of days that have many; gives how many there were."""
    files = _files(table).filter(pl.col("size_bytes") < SMALL)
    days = files.group_by("partition.date").len().sort("partition.date")
    over = pl.col("partition.date") < now.date()
    due = days.filter((over & (pl.col("len") > 1)) | (pl.col("len") >= MANY))
    done = 0
    for day, count in due.head(_MOST_DAYS).iter_rows():
        try:
            table.optimize.compact([("date", "=", day.isoformat())], target_size=LARGE, writer_properties=PROPERTIES)
        except exceptions.CommitFailedError:  # somebody else does just this
            table.update_incremental()
            continue
        done += count
    return done


def vacuum(table: DeltaTable, keeps: dt.timedelta = KEEPS) -> int:
    """Delete files that no snapshot of the last `keeps` needs, those of killed writers too, and old entries of the log.

    With no time at all, what was deleted from the table is gone for good; who reads an older snapshot just then fails.
    """
    hours = int(keeps.total_seconds() // 3600)
    gone = table.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
    table.create_checkpoint()
    table.cleanup_metadata()
    return len(gone)


def remove_shipped(log: EventLog, stream: Stream, now: dt.datetime) -> int:
    """Delete segments that were committed longer ago than ``[events] keep_segments``; each is looked up once more."""
    table = open_table(log, stream)
    if table is None:
        return 0
    paths = {path.name: path for path in log.segments(stream)}
    due = shipped_before(log, stream, table, now - dt.timedelta(seconds=seconds_of(log.settings.keep_segments)))
    gone = [paths[name] for name in due if name in paths and table.transaction_version(name) is not None]
    for path in gone:
        remove_segment(path)
    forget(log, stream, log.segments(stream))
    return len(gone)


def _expire(log: EventLog, table: DeltaTable, now: dt.datetime) -> int:
    """Delete days that are older than ``[events] keep``, whole."""
    if not log.settings.keep:
        return 0
    first = (now - dt.timedelta(seconds=seconds_of(log.settings.keep))).date()
    files = _files(table).filter(pl.col("partition.date") < first)
    if files.is_empty():
        return 0
    try:
        table.delete(f"date < '{first.isoformat()}'")
    except exceptions.CommitFailedError:
        table.update_incremental()
        return 0  # at the next turn
    return int(files["num_records"].sum())


def _expire_aside(log: EventLog, stream: Stream, now: dt.datetime) -> None:
    if not log.settings.keep:
        return
    oldest = now.timestamp() - seconds_of(log.settings.keep)
    for path in (log.root / stream / ASIDE).glob("*"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _files(table: DeltaTable) -> pl.DataFrame:
    table.update_incremental()
    return pl.DataFrame(table.get_add_actions(flatten=True)).select("partition.date", "size_bytes", "num_records")
