"""One answer by its id: the id says when it was made, and that says which files to open. Needs no Polars."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, NotFoundError
from mainstay.events.ids import id_time
from mainstay.events.journal import lines_with, show
from mainstay.events.records import Feedback, Prediction, decode_event
from mainstay.events.table.recall import events_named
from mainstay.events.table.union import view
from mainstay.events.unsealing import unsealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mainstay.events.log import EventLog
    from mainstay.events.records import Event

_WRITTEN = dt.timedelta(minutes=1)
"""An answer is written within its request: a segment that was begun much later doesn't hold it."""


def find_prediction(log: EventLog, name: str) -> Prediction:
    """Find one answer in the log, shadows included; with its personal features, where their key lives.

    Files that its time rules out are opened only where it is in none of the others.

    Parameters
    ----------
    log : EventLog
        The log.
    name : str
        The id the answer came with.

    Raises
    ------
    NotFoundError
        Where the log holds no such answer; says what the id is where it is that of something else.
    CorruptError
        Where the line that holds it is torn or damaged.

    """
    needle, damaged = f'"{name}"'.encode(), False
    for event in _likeliest_first(log, name, needle):
        if event is None:
            damaged = True
        elif isinstance(event, Prediction) and event.id == name:
            return unsealed(log, [event])[0]
    if damaged:
        raise CorruptError(
            f"The line of the event log that holds '{name}' is damaged.", "Restore that file from a backup."
        )
    raise NotFoundError(f"'{name}' is no answer in the event log.", _what_else(log, name))


def _likeliest_first(log: EventLog, name: str, needle: bytes) -> Iterator[Event | None]:
    """Give what may be meant: of new files of about its time, of the table, of other files; None for a damaged line."""
    made = id_time(name)
    seen = view(log, "predictions")
    near = set(log.segments("predictions", made, None if made is None else made + _WRITTEN))
    yield from _decoded([path for path in seen.paths if path in near], needle)
    yield from events_named(seen, "predictions", name, made)
    yield from _decoded([path for path in seen.paths if path not in near], needle)
    if made is not None:
        yield from events_named(seen, "predictions", name, None)


def _decoded(paths: list[Path], needle: bytes) -> Iterator[Event | None]:
    for path in paths:
        for line in lines_with(path, needle):
            try:
                yield decode_event(line)
            except CorruptError:
                yield None


def _what_else(log: EventLog, name: str) -> str:
    try:
        found = show(log, name)
    except NotFoundError:
        return "Use the id that an answer came with: the log of this project holds nothing by this one."
    return _told(name, found)


def _told(name: str, found: Sequence[Event]) -> str:
    answers = [event.id for event in found if isinstance(event, Prediction)]
    if answers:
        several = ", ".join(answers[:3]) + (", ..." if len(answers) > 3 else "")
        return f"It is the id of a request; its answers are {several}."
    first = found[0]
    if isinstance(first, Feedback):
        about = f"feedback about the answer {first.id}" if first.event == name else "an answer that isn't in this log"
        return f"It is the id of {about}."
    return f"It is the id of a line of another kind: {type(first).__name__.lower()}."
