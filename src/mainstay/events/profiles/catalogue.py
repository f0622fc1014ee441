"""`Catalogue`: which slices of time each file of the log is about, so that a change of the log makes those dirty.

Of each slice it knows how many lines there are and a sum over their ids, in whatever files they are: moving lines from
one file to another, as shipping and compacting do, changes nothing.

Files are appended to, so that only what is new in them is read; a file that was written anew (another inode, or
shorter) is read from its beginning. Like all in this folder it can be deleted: it is read off the log again.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import io
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.events.profiles.clock import ODD, buckets, hours
from mainstay.events.table.gathering import gathered
from mainstay.events.table.union import look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.table.union import View

STREAMS: tuple[Stream, ...] = ("predictions", "feedback", "refusals")
_ID = "event.id"
_TIME = "@timestamp"
_NAMED = "mainstay.answer"


class Lines(msgspec.Struct, frozen=True, array_like=True):
    """How many lines there are, and the sum of the hashes of their ids."""

    count: int = 0
    ids: int = 0


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one file.

    Parameters
    ----------
    inode, size : int
        Which file it was, and how many of its bytes were read.
    places : dict of int to Lines
        The lines of each hour (by their time), or of feedback, of each bucket (by the id they name).

    """

    inode: int
    size: int
    places: dict[int, Lines]


class Sources:
    """What each place of a stream was read from."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._names: dict[int, list[str]] = defaultdict(list)
        self._lines: dict[int, Lines] = {}
        for name, entry in entries.items():
            for place, lines in entry.places.items():
                self._names[place].append(name)
                self._lines[place] = add_lines(self._lines.get(place, Lines()), lines)

    @property
    def places(self) -> set[int]:
        """The places there are, but for what names no time."""
        return self._lines.keys() - {ODD}

    def lines(self, place: int) -> Lines:
        """Give the lines of a place."""
        return self._lines.get(place, Lines())

    def names(self, places: Iterable[int]) -> frozenset[str]:
        """Name the files that have lines of some places."""
        return frozenset(name for place in places for name in self._names.get(place, ()))


class Catalogue(msgspec.Struct, frozen=True):
    """What is known of the files of each stream, by name."""

    entries: dict[str, dict[str, Entry]] = {}

    def sources(self, stream: Stream) -> Sources:
        """Give what each place of a stream was read from."""
        return Sources(self.entries.get(stream, {}))


def add_lines(a: Lines, b: Lines) -> Lines:
    """Add lines up."""
    return Lines(a.count + b.count, a.ids + b.ids)


def look_through(log: EventLog, known: Catalogue) -> Catalogue:
    """Read what is new in the log, its tables and its files; gives `known` itself where nothing is."""
    found: dict[str, dict[str, Entry]] = {}
    for stream in STREAMS:
        found[stream] = look(log, stream, partial(_entries, stream, known.entries.get(stream, {})))
    return known if found == known.entries else Catalogue(found)


def _entries(stream: Stream, mine: Mapping[str, Entry], seen: View) -> dict[str, Entry]:
    return dict([*_segments(stream, seen, mine), *_shipped(stream, seen, mine)])


def _segments(stream: Stream, seen: View, known: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    for path in seen.paths:
        with suppress(FileNotFoundError):  # shipped meanwhile: it is in the table at the next look
            yield path.name, _entry(stream, path, known.get(path.name))


def _shipped(stream: Stream, seen: View, known: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    """Look at the files of the table; none of them ever changes."""
    for address in seen.table.file_uris() if seen.table is not None else ():
        found = known.get(address)
        if found is not None:
            yield address, found
            continue
        yield address, Entry(0, 0, _rows(stream, address, seen))


def _rows(stream: Stream, address: str, seen: View) -> dict[int, Lines]:
    named = ("event", "id") if stream == "feedback" else ("id", "time")
    rows = pl.scan_parquet(address, storage_options=seen.options, credential_provider=None)
    frame = gathered(rows.select(named))
    return count_lines(frame[named[0]], buckets(frame["id"]) if stream == "feedback" else hours(frame["time"]))


def _entry(stream: Stream, path: Path, known: Entry | None) -> Entry:
    stat = path.stat()
    if known is None or known.inode != stat.st_ino or known.size > stat.st_size:
        known = Entry(stat.st_ino, 0, {})
    if known.size == stat.st_size:
        return known
    with path.open("rb") as file:
        file.seek(known.size)
        data = file.read()
    data = data[: data.rfind(b"\n") + 1]
    places = dict(known.places)
    for place, lines in _read(stream, data).items():
        places[place] = add_lines(places.get(place, Lines()), lines)
    return Entry(known.inode, known.size + len(data), places)


def _read(stream: Stream, data: bytes) -> dict[int, Lines]:
    if not data:
        return {}
    fields = (_ID, _NAMED if stream == "feedback" else _TIME)
    try:
        frame = pl.read_ndjson(io.BytesIO(data), schema=dict.fromkeys(fields, pl.String), ignore_errors=True)
    except pl.exceptions.PolarsError:  # damaged lines: where windows are read they are counted, here they only count
        rows = [_fields(line, fields) for line in data.split(b"\n")[:-1]]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(fields, pl.String), orient="row")
    places = buckets(frame[fields[1]]) if stream == "feedback" else hours(frame[fields[1]])
    return count_lines(frame[_ID], places)


def count_lines(ids: pl.Series, places: pl.Series) -> dict[int, Lines]:
    """Count lines by place."""
    # Halves of the hashes, whose sum no number of lines makes too large.
    hashed = (ids.hash(seed=0) & 0xFFFFFFFF).cast(pl.Int64)
    frame = pl.DataFrame({"place": places.fill_null(ODD), "ids": hashed})
    summed = frame.group_by("place").agg(pl.len().alias("lines"), pl.col("ids").sum())
    return {place: Lines(lines, ids) for place, lines, ids in summed.select("place", "lines", "ids").iter_rows()}


def _fields(line: bytes, fields: tuple[str, ...]) -> tuple[str | None, ...]:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    values = (found.get(field) if isinstance(found, dict) else None for field in fields)
    return tuple(value if isinstance(value, str) else None for value in values)
