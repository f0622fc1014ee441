"""Rows of the log's tables: the days that hold any are written anew without them, and the old files vacuumed.

A table is never asked to delete by predicate: Delta writes the predicate, with the pseudonym in it, into its own log.

Imports Polars and deltalake; a serving worker never imports this module.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import polars as pl
from deltalake import CommitProperties, exceptions, write_deltalake

from mainstay.errors import LockedError
from mainstay.events.log import STREAMS
from mainstay.events.table.place import address_of, open_table, options_of, told
from mainstay.events.table.schemas import DATE
from mainstay.events.table.shipping import PROPERTIES

if TYPE_CHECKING:
    import datetime as dt

    from deltalake import DeltaTable

    from mainstay.events.erasing.traces import Traces
    from mainstay.events.log import EventLog, Stream

_ATTEMPTS = 30
_NAMED: dict[Stream, tuple[str, ...]] = {
    "predictions": ("entity", "id", "answer"),
    "feedback": ("id", "event"),
    "refusals": ("id",),
}
"""Columns by which a row is somebody's."""
_MASKED: dict[Stream, tuple[str, ...]] = {
    "audit": ("subject",),
    "actions": ("message", "finding"),
    "findings": ("finding",),
}
"""Columns of rows that stay, in which ids are overwritten."""


def ids_of(log: EventLog, people: frozenset[str]) -> set[str]:
    """Give the ids of the predictions in the table that are about people."""
    table = open_table(log, "predictions")
    if table is None:
        return set()
    rows = _scanned(table, log, "predictions").filter(pl.col("entity").is_in(list(people)))
    return set(rows.select("id").collect()["id"].to_list())


def count_rows(log: EventLog, stream: Stream, traces: Traces) -> int:
    """Count the rows of a table that are somebody's."""
    table = open_table(log, stream)
    if table is None:
        return 0
    return int(_scanned(table, log, stream).filter(_is_theirs(stream, traces)).select(pl.len()).collect().item())


def erase_rows(log: EventLog, stream: Stream, traces: Traces) -> int:
    """Take the rows out of a table, day by day; gives how many.

    Raises
    ------
    LockedError
        Where other writers were faster at every attempt.
    StoreError
        Where the table can't be read or written.

    """
    removed = 0
    for attempt in range(_ATTEMPTS):
        table = open_table(log, stream)
        if table is None:
            return removed
        days = _scanned(table, log, stream).filter(_is_theirs(stream, traces)).group_by(DATE).len().collect()
        if not days.height:
            return removed
        day, count = days.row(0)
        try:
            with told(address_of(log, stream)):
                _write_anew(table, log, stream, day, traces)
            removed += count
        except exceptions.CommitFailedError:
            time.sleep(random.uniform(0.05, 0.2) * (attempt + 1))  # noqa: S311 - only to part writers
    raise LockedError(
        f"Other writers of the table {address_of(log, stream)} were faster, {_ATTEMPTS} times.", "Erase again."
    )


def vacuum(log: EventLog, stream: Stream) -> int:
    """Delete the files that the table no longer stands on, at once; gives how many."""
    table = open_table(log, stream)
    if table is None:
        return 0
    with told(address_of(log, stream)):
        return len(table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False))


def erase_everywhere(log: EventLog, traces: Traces, *, again: bool = False) -> dict[Stream, int]:
    """Take rows out of every table, those of answers last: until then their ids can be found again.

    With `again`, files are deleted of tables, too, that hold no row of theirs: somebody was interrupted before that.
    """
    order: list[Stream] = [*(stream for stream in STREAMS if stream != "predictions"), "predictions"]
    removed = {stream: erase_rows(log, stream, traces) for stream in order}
    for stream in (stream for stream, count in removed.items() if count or again):
        vacuum(log, stream)
    return {stream: count for stream, count in removed.items() if count}


def _write_anew(table: DeltaTable, log: EventLog, stream: Stream, day: dt.date, traces: Traces) -> None:
    rows = _scanned(table, log, stream).filter(pl.col(DATE) == day)
    if stream in _NAMED:
        rows = rows.filter(~_is_theirs(stream, traces))
    else:
        rows = rows.with_columns(_masked(name, traces) for name in _MASKED[stream])
    write_deltalake(
        table,
        rows.collect(),
        mode="overwrite",
        predicate=f"{DATE} = '{day.isoformat()}'",
        storage_options=options_of(address_of(log, stream)),
        writer_properties=PROPERTIES,
        commit_properties=CommitProperties(max_commit_retries=0),
    )


def _is_theirs(stream: Stream, traces: Traces) -> pl.Expr:
    words = sorted(traces.words)
    if stream in _NAMED:
        found = pl.any_horizontal(pl.col(name).is_in(words) for name in _NAMED[stream])
    else:
        found = pl.any_horizontal(pl.col(name).str.contains_any(words) for name in _MASKED[stream])
    return found.fill_null(value=False)


def _masked(name: str, traces: Traces) -> pl.Expr:
    words = sorted(traces.words)
    return pl.col(name).str.replace_many(words, ["0" * len(word) for word in words])


def _scanned(table: DeltaTable, log: EventLog, stream: Stream) -> pl.LazyFrame:
    options = options_of(address_of(log, stream))
    return pl.scan_delta(table, storage_options=options, credential_provider=None)
