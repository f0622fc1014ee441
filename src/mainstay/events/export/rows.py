"""The rows of a stream: nearly in order of time, each event once, as few in memory as the files overlap."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.export.fields import COLUMNS, as_rows, schema_of
from mainstay.events.scan import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mainstay.events.export.fields import Described
    from mainstay.events.log import EventLog, Stream
    from mainstay.events.scan import Scan

AT_ONCE = 50_000
"""Rows that are given at once."""
MOST_HELD = 1_000_000
"""Rows that are held until it is known that none before them comes any more."""
_AGAIN = dt.timedelta(minutes=15)
"""An answer that was given again, by another worker, is logged again within ten minutes."""


@dataclass(frozen=True)
class Asked:
    """Which events.

    Parameters
    ----------
    stream : str
        Of which kind.
    since, until : datetime, optional
        From the first moment on, until just before the second, UTC.
    version, role : int and str, optional
        Of this arm alone.

    """

    stream: Stream = "predictions"
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    version: int | None = None
    role: str | None = None

    @property
    def has_arms(self) -> bool:
        """Whether the events of the stream belong to an arm."""
        return "version" in COLUMNS[self.stream]


class Rows:
    """Rows of the log; gone through once.

    They are in order of time, as far as that is known without holding more than a million of them: files of several
    writers are merged, and a row that was stamped before its file was begun may stand a moment too late.

    Parameters
    ----------
    log : EventLog
        The log.
    asked : Asked
        Which events.
    described : Described
        What predictions hold.

    """

    def __init__(self, log: EventLog, asked: Asked, described: Described) -> None:
        self._log = log
        self._asked = asked
        self._described = described
        self.count = 0
        """Rows that were given until now."""
        self.torn = 0
        """Lines that were torn or damaged, and left out."""
        self.personal = False
        """Whether there are personal features among what was given."""

    def empty(self) -> pl.DataFrame:
        """Give a table without rows, with all columns."""
        schema, names = schema_of(self._asked.stream, self._described)
        return self._rows(pl.DataFrame(schema=schema).rename(dict(names)))

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Give the rows, at most `AT_ONCE` at a time."""
        asked, once = self._asked, _Once(self._asked.stream)
        schema, names = schema_of(asked.stream, self._described)
        read = pieces(self._log, asked.stream, schema, names=names, since=asked.since, until=asked.until)
        for merged in _in_order(self._counted(read)):
            rows = self._rows(self._of_arm(once(merged)))
            self.count += rows.height
            yield from rows.iter_slices(AT_ONCE)

    def _counted(self, read: Iterable[Scan]) -> Iterator[pl.DataFrame]:
        for piece in read:
            self.torn += piece.torn
            yield piece.frame

    def _of_arm(self, frame: pl.DataFrame) -> pl.DataFrame:
        for name, wanted in (("version", self._asked.version), ("role", self._asked.role)):
            if wanted is not None:
                frame = frame.filter(pl.col(name) == wanted)
        return frame

    def _rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._asked.stream == "predictions":
            self.personal = self.personal or frame["sealed"].null_count() < frame.height
        return as_rows(self._asked.stream, frame, self._described, self._log)


def _in_order(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Merge files that were begun one after the other: what is older than the next file's first row can be given."""
    held: pl.DataFrame | None = None
    for frame in frames:
        if not frame.height:
            continue
        if held is None:
            held = frame
            continue
        before = pl.col("time") < frame["time"].min()
        ready, rest = held.filter(before), held.filter(~before)
        if ready.height:
            yield ready.sort("time", maintain_order=True)
        held = pl.concat([rest, frame])
        if held.height > MOST_HELD:
            held = held.sort("time", maintain_order=True)
            yield held.head(-MOST_HELD // 2)
            held = held.tail(MOST_HELD // 2)
    if held is not None:
        yield held.sort("time", maintain_order=True)


class _Once:
    """Leaves out what is in the log twice because a retry reached another worker: its first line counts."""

    def __init__(self, stream: Stream) -> None:
        self._key = {
            "predictions": pl.coalesce(pl.concat_str("answer", "version", separator="/"), "id"),
            "feedback": pl.col("event"),
        }.get(stream)
        self._seen: pl.DataFrame | None = None

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give the rows whose key is new."""
        if self._key is None or not frame.height:
            return frame
        # Two hashes of 64 bits stand for the key: no two keys share both.
        hashed = frame.select(pl.col("time"), self._key.hash(1).alias("one"), self._key.hash(2).alias("other"))
        new = pl.struct("one", "other").is_first_distinct()
        seen = self._seen
        if seen is not None:
            again = hashed.select("one", "other").with_row_index("row").join(seen, on=["one", "other"], how="semi")
            hashed = hashed.with_row_index("row")
            new &= ~pl.col("row").is_in(again["row"].implode())
        kept = hashed.select(new.alias("new"))["new"]
        known = hashed.select("one", "other", "time")
        both = known if seen is None else pl.concat([seen, known])
        last = known["time"].max()
        self._seen = both.filter(pl.col("time") >= pl.lit(last) - _AGAIN)
        return frame.filter(kept)
