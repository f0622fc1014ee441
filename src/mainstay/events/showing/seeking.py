"""Finding the lines that belong to an id: its own, and those of the answers it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError
from mainstay.events import STREAMS, Event, Feedback, Prediction, decode_event, event_time, id_time
from mainstay.events.journal import lines_with
from mainstay.events.line import event_id
from mainstay.events.table.place import address_of
from mainstay.events.table.recall import events_named
from mainstay.events.table.union import look
from mainstay.events.unsealing import unsealed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mainstay.events import EventLog, Stream
    from mainstay.events.table.union import View

_MOST = 20
"""Answers of one request whose feedback and shadows are looked for."""


class Lying(msgspec.Struct, frozen=True):
    """An event, and where its line lies.

    Parameters
    ----------
    event : Event
        As it was written.
    file : str
        Its file, as seen from the log's folder; or the table that holds it by now.

    """

    event: Event
    file: str


def seek(log: EventLog, name: str) -> tuple[Lying, ...]:
    """Find all lines about an id, oldest first: those that name it, and those about the answers that these name.

    An id may be that of an answer, a shadow's answer, a request, feedback, or of an event of another kind.
    """
    found = {_key(each): each for each in _naming(log, name)}
    for answer in list(dict.fromkeys(_answers(found.values())))[:_MOST]:
        if answer != name:
            found |= {_key(each): each for each in _naming(log, answer)}
    return tuple(sorted(found.values(), key=lambda each: event_time(each.event)))


def opened(log: EventLog, found: Iterable[Lying]) -> tuple[Lying, ...]:
    """Give the same with personal features, where their person's key lives."""
    return tuple(
        msgspec.structs.replace(each, event=unsealed(log, [each.event])[0])
        if isinstance(each.event, Prediction) and each.event.sealed is not None
        else each
        for each in found
    )


def answer_of(event: Event) -> str | None:
    """Give the id of the answer that an event is, or is about: feedback's and a shadow's is that of the answer."""
    if isinstance(event, Prediction):
        return event.answer or event.id
    return event.id if isinstance(event, Feedback) else None


def _answers(found: Iterable[Lying]) -> Iterator[str]:
    for each in found:
        if (answer := answer_of(each.event)) is not None:
            yield answer


def _naming(log: EventLog, name: str) -> Iterator[Lying]:
    made = id_time(name)
    found = [each for stream in STREAMS for each in _in_stream(log, stream, name, made)]
    if made is not None and not any(_is_own(each.event, name) for each in found):
        # An answer may be of another time than its id says.
        streams: tuple[Stream, ...] = ("predictions",) if found else STREAMS
        found += [each for stream in streams for each in _in_stream(log, stream, name, None)]
    yield from found


def _in_stream(log: EventLog, stream: Stream, name: str, made: dt.datetime | None) -> list[Lying]:
    needle = msgspec.json.encode(name)

    def read(seen: View) -> list[Lying]:
        table = [Lying(event, f"table {address_of(log, stream)}") for event in events_named(seen, stream, name, made)]
        return table + [each for path in seen.paths for each in _in_file(log, path, needle, name)]

    return look(log, stream, read, made)


def _in_file(log: EventLog, path: Path, needle: bytes, name: str) -> Iterator[Lying]:
    for line in lines_with(path, needle):
        try:
            event = decode_event(line)
        except CorruptError:
            continue  # counted where windows are read
        if name in _names(event):
            yield Lying(event, str(path.relative_to(log.root)))


def _is_own(event: Event, name: str) -> bool:
    return isinstance(event, Prediction) or event_id(event) == name


def _names(event: Event) -> tuple[str | None, ...]:
    if isinstance(event, Feedback):
        return event.event, event.id
    if isinstance(event, Prediction):
        return event.id, event.answer, event.request
    return (event_id(event),)


def _key(lying: Lying) -> tuple[type[Event], str, str]:
    return type(lying.event), event_id(lying.event), lying.file
