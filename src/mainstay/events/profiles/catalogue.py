"""`Catalogue`: which slices of time each file of the log is about, so that a change of a file makes those dirty.

Files are appended to, so that only what is new in them is read; a file that was written anew (another inode, or
shorter) is read from its beginning. Like all below this folder it can be deleted: it is read off the log again.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.events.profiles.clock import ODD, buckets, hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mainstay.events.log import EventLog, Stream

STREAMS: tuple[Stream, ...] = ("predictions", "feedback", "refusals")
_TIME = "@timestamp"
_NAMED = "mainstay.answer"


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one file.

    Parameters
    ----------
    inode, size : int
        Which file it was, and how many of its bytes were read.
    places : dict of int to int
        How many lines belong to each hour (by their time), or of feedback, to each bucket (by the id they name).

    """

    inode: int
    size: int
    places: dict[int, int]


class Catalogue(msgspec.Struct, frozen=True):
    """What is known of the files of each stream, by name."""

    entries: dict[str, dict[str, Entry]] = {}

    def sources(self, stream: Stream) -> dict[int, list[tuple[str, int, int]]]:
        """Give what each place was read from: name, inode and lines of each file."""
        found: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
        for name, entry in sorted(self.entries.get(stream, {}).items()):
            for place, lines in entry.places.items():
                found[place].append((name, entry.inode, lines))
        return found

    def lines(self, stream: Stream) -> dict[int, int]:
        """Give how many lines belong to each place."""
        return {place: sum(lines for *_, lines in found) for place, found in self.sources(stream).items()}


def look_through(log: EventLog, known: Catalogue) -> Catalogue:
    """Read what is new in the files of a log; gives `known` itself where nothing is."""
    found: dict[str, dict[str, Entry]] = {
        stream: dict(_entries(stream, log.segments(stream), known.entries.get(stream, {}))) for stream in STREAMS
    }
    return known if found == known.entries else Catalogue(found)


def _entries(stream: Stream, paths: Iterable[Path], known: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    for path in paths:
        try:
            yield path.name, _entry(stream, path, known.get(path.name))
        except FileNotFoundError:
            continue  # shipped, or deleted, meanwhile


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
    for place, lines in _count(stream, data).items():
        places[place] = places.get(place, 0) + lines
    return Entry(known.inode, known.size + len(data), places)


def _count(stream: Stream, data: bytes) -> dict[int, int]:
    if not data:
        return {}
    field = _NAMED if stream == "feedback" else _TIME
    try:
        lines = pl.read_ndjson(io.BytesIO(data), schema={field: pl.String}, ignore_errors=True)[field]
    except pl.exceptions.PolarsError:  # damaged lines: where windows are read they are counted, here they only count
        lines = pl.Series(field, [_field(line, field) for line in data.split(b"\n")[:-1]], dtype=pl.String)
    places = buckets(lines) if stream == "feedback" else hours(lines)
    counted = places.fill_null(ODD).value_counts()
    return dict(zip(counted["place"].to_list(), counted["count"].to_list(), strict=True))


def _field(line: bytes, field: str) -> str | None:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    value = found.get(field) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None
