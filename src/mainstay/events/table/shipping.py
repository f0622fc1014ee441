"""Shipping: sealed segments are committed to the table of their stream, each exactly once.

A commit carries one application transaction for each segment in it. The table's transactions are looked at first, and
what it holds is left out; a writer that looked too early is refused by Delta, looks again and tries again. So a shipper
may be killed anywhere, and any number of them may run. See the Delta protocol, "Transaction Identifiers":
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#transaction-identifiers

Imports Polars and deltalake; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from deltalake import CommitProperties, Transaction, WriterProperties, exceptions, write_deltalake

from mainstay.errors import LockedError, StoreError
from mainstay.events.log import STREAMS
from mainstay.events.table.frames import joined
from mainstay.events.table.lines import parse
from mainstay.events.table.place import address_of, open_table, options_of, told
from mainstay.events.table.schemas import DATE
from mainstay.events.table.sealed import set_aside, take
from mainstay.events.table.shipped import committed, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl
    from deltalake import DeltaTable

    from mainstay.contract import Contract
    from mainstay.events.log import EventLog, Stream
    from mainstay.events.table.lines import Parsed
    from mainstay.events.table.sealed import Taken

BUNDLE_BYTES = 128 * 1024 * 1024
BUNDLE_SEGMENTS = 1000
"""What one commit holds at most."""

WORTH_BYTES = 16 * 1024 * 1024
"""What is shipped at once, however young it is."""

ATTEMPTS = 20
_WAIT = 0.1  # seconds, doubled with each attempt up to the most
_MOST_WAIT = 2.0
CONFIGURATION: dict[str, str | None] = {
    # Statistics lie in the open in Delta's log: of times and versions alone, never of a value or a pseudonym.
    "delta.dataSkippingStatsColumns": "time,version",
    "delta.checkpointInterval": "20",
    "delta.logRetentionDuration": "interval 7 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
    "delta.setTransactionRetentionDuration": "interval 365 days",
}
PROPERTIES = WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=262_144)


@dataclass(frozen=True)
class Shipped:
    """What was shipped.

    Parameters
    ----------
    segments, rows : int
        Segments that were committed, and their events.
    damaged : int
        Lines that were torn or damaged; they are kept aside.

    """

    segments: int = 0
    rows: int = 0
    damaged: int = 0

    def __add__(self, other: Shipped) -> Shipped:
        """Add up what was shipped."""
        return Shipped(self.segments + other.segments, self.rows + other.rows, self.damaged + other.damaged)


@dataclass(frozen=True)
class _Segment:
    name: str
    parsed: Parsed
    lost: int


def ship(
    log: EventLog,
    streams: Sequence[Stream] = STREAMS,
    *,
    contract_of: Callable[[int], Contract | None],
    inputs_of: Callable[[int], Contract | None] = lambda _: None,
    commits: int | None = None,
    patience: dt.timedelta = dt.timedelta(),
) -> Shipped:
    """Commit every sealed segment that the tables don't hold yet.

    Parameters
    ----------
    log : EventLog
        The log.
    streams : sequence of str
        Which streams.
    contract_of, inputs_of : callable
        From a version to the contract of its features, and to that of what feature code derives from them: they give
        the columns their types. Those of a version that nobody knows any more are typed by what their lines hold.
    commits : int, optional
        How many commits to make at most for each stream, where others wait for this one's turn to end.
    patience : timedelta
        Leave a stream alone whose segments are small and all younger than this, so that commits and files stay few.

    Raises
    ------
    StoreError
        Where a table can't be reached or written; segments stay, and what was committed before stays committed.
    LockedError
        Where other writers were faster at every attempt.

    """

    def described(version: int) -> tuple[Contract | None, Contract | None]:
        return contract_of(version), inputs_of(version)

    total = Shipped()
    for stream in streams:
        paths = waiting(log, stream)
        if not _is_worth_it(paths, patience):
            continue
        for bundle in islice(_bundles(paths), commits):
            read = []
            for taken in bundle:
                parsed = parse(taken.data, stream, described)
                set_aside(taken.path, parsed.damaged)
                read.append(_Segment(taken.path.name, parsed, taken.lost))
            total += _commit(log, stream, read)
    return total


def waiting(log: EventLog, stream: Stream) -> list[Path]:
    """List the segments that the table doesn't hold yet, sealed or not, oldest first."""
    paths = log.segments(stream)
    held = committed(log, stream, open_table(log, stream), [path.name for path in paths]) if paths else frozenset()
    return [path for path in paths if path.name not in held]


def _is_worth_it(paths: Sequence[Path], patience: dt.timedelta) -> bool:
    found = [path.stat() for path in paths if path.exists()]
    size = sum(each.st_size for each in found)
    oldest = min((each.st_mtime for each in found), default=time.time())
    return size >= WORTH_BYTES or oldest <= time.time() - patience.total_seconds()


def _bundles(paths: Sequence[Path]) -> Iterator[list[Taken]]:
    bundle: list[Taken] = []
    size = 0
    for path in paths:
        taken = take(path)
        if taken is None:
            continue
        if bundle and (size + len(taken.data) > BUNDLE_BYTES or len(bundle) >= BUNDLE_SEGMENTS):
            yield bundle
            bundle, size = [], 0
        bundle.append(taken)
        size += len(taken.data)
    if bundle:
        yield bundle


def _commit(log: EventLog, stream: Stream, segments: Sequence[_Segment]) -> Shipped:
    for attempt in range(ATTEMPTS):
        table = open_table(log, stream)
        held = committed(log, stream, table, [each.name for each in segments])
        left = [each for each in segments if each.name not in held]
        if not left:
            return Shipped()
        frame, is_wider = joined(stream, [frame for each in left for frame in each.parsed.frames], table)
        names = [each.name for each in left]
        if _is_written(log, stream, table, frame, names, is_wider=is_wider):
            return Shipped(len(left), frame.height, sum(len(each.parsed.damaged) + each.lost for each in left))
        time.sleep(random.uniform(0.5, 1) * min(_MOST_WAIT, _WAIT * 2**attempt))  # noqa: S311 - only to part writers
    raise LockedError(
        f"Other writers of the table {address_of(log, stream)} were faster, {ATTEMPTS} times in a row.",
        "The segments stay, and are shipped at the next turn.",
    )


def _is_written(
    log: EventLog,
    stream: Stream,
    table: DeltaTable | None,
    frame: pl.DataFrame,
    names: Sequence[str],
    *,
    is_wider: bool,
) -> bool:
    """Commit; False where another writer was faster, with its commit or with making the table."""
    address = address_of(log, stream)
    try:
        with told(address):
            _write(address, table, frame, names, is_wider=is_wider)
    except exceptions.CommitFailedError:
        return False
    except StoreError:
        if table is not None or open_table(log, stream) is None:
            raise
        return False
    written = open_table(log, stream)
    if written is not None:
        remember(log, stream, written, names)
    return True


def _write(
    address: str, table: DeltaTable | None, frame: pl.DataFrame, names: Sequence[str], *, is_wider: bool
) -> None:
    now = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    write_deltalake(
        address if table is None else table,
        frame,
        mode="error" if table is None else "append",
        partition_by=[DATE] if table is None else None,
        configuration=CONFIGURATION if table is None else None,
        schema_mode="merge" if is_wider and table is not None else None,
        storage_options=options_of(address),
        writer_properties=PROPERTIES,
        commit_properties=CommitProperties(
            app_transactions=[Transaction(name, 1, now) for name in names], max_commit_retries=0
        ),
    )
