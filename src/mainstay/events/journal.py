"""Reading what is little: findings, actions, the last events, one event by its id.

Polars is loaded only where there is a table.
"""

from __future__ import annotations

import heapq
import mmap
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, NotFoundError
from mainstay.events.ids import id_time
from mainstay.events.log import STREAMS
from mainstay.events.records import Action, Event, Feedback, Found, Prediction, decode_event
from mainstay.events.table.recall import events_named, events_since, last_events
from mainstay.events.table.union import look

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.table.union import View
    from mainstay.measures.finding import Finding


def findings(
    log: EventLog, since: dt.datetime | None = None, model: str | None = None
) -> list[tuple[dt.datetime, Finding]]:
    """List what was found since a time, oldest first."""
    return [(found.at, found.finding) for found in found_since(log, since, model)]


def found_since(
    log: EventLog, since: dt.datetime | None = None, model: str | None = None, *, until: dt.datetime | None = None
) -> list[Found]:
    """List findings with the windows they belong to, oldest first; those found at `until` or later are left out."""
    events = [e for e in _events(log, "findings", since, until) if isinstance(e, Found) and model in (None, e.model)]
    return sorted(events, key=lambda event: event.at)


def actions(log: EventLog, since: dt.datetime | None = None, model: str | None = None) -> list[Action]:
    """List what was done since a time, oldest first."""
    events = [e for e in _events(log, "actions", since) if isinstance(e, Action) and model in (None, e.model)]
    return sorted(events, key=lambda event: event.at)


def tail(log: EventLog, n: int = 10, streams: tuple[Stream, ...] = STREAMS) -> list[Event]:
    """Give the last `n` events of the streams, oldest first; reads the ends of the files alone."""
    found = [event for stream in streams for event in _stream_tail(log, stream, n)]
    return sorted(heapq.nlargest(n, found, key=event_time), key=event_time)


def show(log: EventLog, name: str) -> list[Event]:
    """Give everything about one prediction: itself, its shadows, its feedback; or any one event by id.

    Raises
    ------
    NotFoundError
        Where the log holds nothing by that id.

    """
    made = id_time(name)
    found = [event for stream in STREAMS for event in _named(log, stream, name, made)]
    if made is not None and not any(isinstance(event, Prediction) or name == _names(event)[0] for event in found):
        # An answer, or all there is, may be of another time than the id says.
        streams = ("predictions",) if found else STREAMS
        found += [event for stream in streams for event in _named(log, stream, name, None)]
    if not found:
        raise NotFoundError(
            f"The event log holds nothing by the id '{name}'.", "List recent ones: mainstay events tail."
        )
    return sorted(found, key=event_time)


def event_time(event: Event) -> dt.datetime:
    """Give the time of any event: when it happened, or for feedback, when it arrived."""
    return event.received if isinstance(event, Feedback) else event.at


def _named(log: EventLog, stream: Stream, name: str, made: dt.datetime | None) -> list[Event]:
    needle = f'"{name}"'.encode()

    def read(seen: View) -> list[Event]:
        new = [event for path in seen.paths for event in _decoded(lines_with(path, needle))]
        return events_named(seen, stream, name, made) + [event for event in new if name in _names(event)]

    return look(log, stream, read, made)


def _stream_tail(log: EventLog, stream: Stream, n: int) -> list[Event]:
    # Several writers write at once, so the file that was written last is looked at first, and the looking ends at
    # files that were last written before the oldest event that still counts.
    def read(seen: View) -> list[Event]:
        found = last_events(seen, stream, n)
        for modified, path in sorted(((path.stat().st_mtime, path) for path in seen.paths), reverse=True):
            if len(found) >= n and modified < event_time(found[-1]).timestamp():
                break
            found = heapq.nlargest(n, [*found, *_decoded(_last_lines(path, n))], key=event_time)
        return found

    return look(log, stream, read)


def _names(event: Event) -> tuple[str | None, ...]:
    if isinstance(event, Feedback):
        return event.event, event.id
    if isinstance(event, Found):
        return (event.event,)
    if isinstance(event, Prediction):
        return event.id, event.answer, event.request
    return (event.id,)


def _events(log: EventLog, stream: Stream, since: dt.datetime | None, until: dt.datetime | None = None) -> list[Event]:
    def is_asked(event: Event) -> bool:
        at = event_time(event)
        return (since is None or at >= since) and (until is None or at < until)

    def read(seen: View) -> list[Event]:
        new = [event for path in seen.paths for event in _decoded(path.read_bytes().split(b"\n"))]
        return events_since(seen, stream, since, until) + [event for event in new if is_asked(event)]

    # Not those begun before `until` alone: what was done is stamped by whoever does it, and a clock may be set back.
    return look(log, stream, read, since)


def _decoded(lines: list[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            if line:
                yield decode_event(line)
        except CorruptError:
            continue  # torn or damaged: counted where windows are read


def _last_lines(path: Path, n: int) -> list[bytes]:
    with path.open("rb") as file:
        end = file.seek(0, 2)
        size = 4096
        while True:
            start = max(0, end - size)
            file.seek(start)
            data = file.read(end - start)
            lines = data.split(b"\n")
            if start == 0 or len(lines) > n + 1:
                return lines[-(n + 1) :]
            size *= 4


def lines_with(path: Path, needle: bytes) -> list[bytes]:
    """Give the lines of a file that hold some bytes."""
    lines = []
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = data.find(needle)
            while at >= 0:
                start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
                end = len(data) if end < 0 else end
                lines.append(data[start:end])
                at = data.find(needle, end)
    return lines
