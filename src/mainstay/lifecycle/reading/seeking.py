"""Finding the lines that belong to an id: its own, and those of the answers it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError
from mainstay.events import STREAMS, Event, Feedback, Prediction, decode_event, event_time, id_time
from mainstay.events.journal import lines_with
from mainstay.events.line import event_id
from mainstay.events.unsealing import unsealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mainstay.events import EventLog

_MOST = 20
"""Answers of one request whose feedback and shadows are looked for."""


class Lying(msgspec.Struct, frozen=True):
    """An event, and where its line lies.

    Parameters
    ----------
    event : Event
        As it was written.
    file : str
        Its file, as seen from the log's folder; or ``"table"``.

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
    needle, made = msgspec.json.encode(name), id_time(name)
    for stream in STREAMS:
        for path in log.segments(stream, made):
            for line in lines_with(path, needle):
                try:
                    event = decode_event(line)
                except CorruptError:
                    continue  # counted where windows are read
                if name in _names(event):
                    yield Lying(event, str(path.relative_to(log.root)))


def _names(event: Event) -> tuple[str | None, ...]:
    if isinstance(event, Feedback):
        return event.event, event.id
    if isinstance(event, Prediction):
        return event.id, event.answer, event.request
    return (event_id(event),)


def _key(lying: Lying) -> tuple[type[Event], str, str]:
    return type(lying.event), event_id(lying.event), lying.file
