"""The log as one: what its table holds, and the segments that it doesn't hold yet. Needs no Polars.

Segments are listed before the table is loaded, so that one that is committed in between is in the table's snapshot and
is left out of the list; one that was deleted was committed long before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mainstay.errors import CorruptError
from mainstay.events.segments import segments
from mainstay.events.table.place import address_of, options_of, see_table
from mainstay.events.table.sealed import ASIDE
from mainstay.events.table.shipped import committed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl
    from deltalake import DeltaTable

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.table.place import Opened

_LOOKS = 3
T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """One stream at one moment.

    Parameters
    ----------
    table : DeltaTable, optional
        The snapshot; None where nothing was shipped yet.
    options : dict, optional
        What its store needs to know.
    paths : tuple of Path
        Segments that may hold events of the span and aren't in the snapshot, oldest first.
    damaged : int
        Lines of shipped segments that were damaged, as far as they may be of the span.

    """

    table: DeltaTable | None
    options: dict[str, str] | None
    paths: tuple[Path, ...]
    damaged: int = 0

    def rows(self) -> pl.LazyFrame | None:
        """Give the rows of the snapshot; None where there are none."""
        if self.table is None:
            return None
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        return pl.scan_delta(self.table, storage_options=self.options, credential_provider=None)


def view(log: EventLog, stream: Stream, since: dt.datetime | None = None, until: dt.datetime | None = None) -> View:
    """Look at a stream: list its segments, then load its table.

    Raises
    ------
    StoreError
        Where the table can't be reached: without it, only what is new would be seen.

    """
    paths = log.segments(stream, since, until)
    opened = see_table(log, stream)
    left = paths if opened is None else _without(log, stream, opened, paths)
    damaged = _damaged(log.root / stream, {path.name for path in left}, since, until)
    if opened is None:
        return View(None, None, left, damaged)
    return View(opened.table, options_of(address_of(log, stream)), left, damaged)


def look(
    log: EventLog,
    stream: Stream,
    read: Callable[[View], T],
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> T:
    """Read a stream; again, where a segment was committed and deleted meanwhile: by then the table has it."""
    for _ in range(_LOOKS - 1):
        try:
            return read(view(log, stream, since, until))
        except (FileNotFoundError, CorruptError):
            continue
    return read(view(log, stream, since, until))


def _without(log: EventLog, stream: Stream, opened: Opened, paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Leave out the segments that a table holds; it is asked once about each."""
    new = [path.name for path in paths if path.name not in opened.told]
    if new:
        held = committed(log, stream, opened.table, new)
        opened.told.update((name, name in held) for name in new)
    return tuple(path for path in paths if not opened.told[path.name])


def _damaged(folder: Path, left: set[str], since: dt.datetime | None, until: dt.datetime | None) -> int:
    aside = [path for path in segments(folder / ASIDE, since, until) if path.name not in left]
    return sum(path.read_bytes().count(b"\n") for path in aside)
