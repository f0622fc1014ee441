"""Reading what is little: findings, actions, the last events, one event by its id. Needs no Polars."""

from __future__ import annotations

import heapq
import mmap
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, NotFoundError
from mainstay.events.ids import id_time
from mainstay.events.log import STREAMS
from mainstay.events.records import Action, Event, Feedback, Found, Prediction, decode_event

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events.log import EventLog, Stream
    from mainstay.measures.finding import Finding


def findings(
    log: EventLog, since: dt.datetime | None = None, model: str | None = None
) -> list[tuple[dt.datetime, Finding]]:
    """List what was found since a time, oldest first."""
    return [(found.at, found.finding) for found in found_since(log, since, model)]


def found_since(log: EventLog, since: dt.datetime | None = None, model: str | None = None) -> list[Found]:
    """List findings with the windows they belong to, oldest first."""
    events = [e for e in _events(log, "findings", since) if isinstance(e, Found) and model in (None, e.model)]
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
    needle = f'"{name}"'.encode()
    found = [
        event
        for stream in STREAMS
        for path in log.segments(stream, made)
        for event in _decoded(lines_with(path, needle))
        if name in _names(event)
    ]
    if not found:
        raise NotFoundError(
            f"The event log holds nothing by the id '{name}'.", "List recent ones: mainstay events tail."
        )
    return sorted(found, key=event_time)


def event_time(event: Event) -> dt.datetime:
    """Give the time of any event: when it happened, or for feedback, when it arrived."""
    return event.received if isinstance(event, Feedback) else event.at


def _stream_tail(log: EventLog, stream: Stream, n: int) -> list[Event]:
    # Several writers write at once, so the file that was written last is looked at first, and the looking ends at
    # files that were last written before the oldest event that still counts.
    written = sorted(((path.stat().st_mtime, path) for path in log.segments(stream)), reverse=True)
    found: list[Event] = []
    for modified, path in written:
        if len(found) >= n and modified < event_time(found[-1]).timestamp():
            break
        found = heapq.nlargest(n, [*found, *_decoded(_last_lines(path, n))], key=event_time)
    return found


def _names(event: Event) -> tuple[str | None, ...]:
    if isinstance(event, Feedback):
        return event.event, event.id
    if isinstance(event, Found):
        return (event.event,)
    if isinstance(event, Prediction):
        return event.id, event.answer, event.request
    return (event.id,)


def _events(log: EventLog, stream: Stream, since: dt.datetime | None) -> Iterator[Event]:
    for path in log.segments(stream, since):
        for event in _decoded(path.read_bytes().split(b"\n")):
            if since is None or event_time(event) >= since:
                yield event


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
