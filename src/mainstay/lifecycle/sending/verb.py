"""Going through the log: what isn't sent yet is, in order, each event at least once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import StoreError
from mainstay.events import open_log
from mainstay.events.cursor import Cursor
from mainstay.lifecycle.sending.otlp import Later, Received
from mainstay.lifecycle.sending.records import read_line
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.lifecycle.sending.otlp import Collector
    from mainstay.lifecycle.sending.records import Event
    from mainstay.project import Project

_AT_ONCE = 500  # events of a request
_EVERY = 1.0  # seconds between two looks
_TRIES = 5  # before `once` gives up
_LONGEST = 30.0  # seconds between two tries


class Sent(msgspec.Struct, frozen=True):
    """What was sent.

    Parameters
    ----------
    sent, refused : int
        How many events the collector took, and how many it refused for good.
    damaged : int
        Lines that are no event any more, and were left out.
    why : str
        What the collector said of those that it refused.

    """

    sent: int = 0
    refused: int = 0
    damaged: int = 0
    why: str = ""


def sent_line(name: str, found: Sent) -> str:
    """Say what was sent, in a line."""
    parts = [f"{name}: sent {counted(found.sent, 'event')}"]
    if found.refused:
        parts.append(f"the collector refused {found.refused} ({found.why})")
    if found.damaged:
        parts.append(f"left out {counted(found.damaged, 'damaged line')}")
    return "; ".join(parts)


def send_events(
    project: Project,
    collector: Collector,
    *,
    once: bool,
    tell: Callable[[str], None] = print,
    pause: Callable[[float], None] = time.sleep,
) -> Sent:
    """Send what the log holds and this collector wasn't sent yet; unless `once`, go on until ended.

    How far it is is noted after each request, so it may be ended in any way, at any time: what was sent and not noted
    is sent again, under the same ``event.id``.

    Parameters
    ----------
    project : Project
        Whose log.
    collector : Collector
        Where to.
    once : bool
        Whether to stop where nothing is left.
    tell : callable
        Takes a line when the collector can't be reached, and when it can be again.
    pause : callable
        Waits so many seconds.

    Raises
    ------
    LockedError
        Where another process sends this log.
    StoreError
        Where the collector will never take events; with `once` also where it doesn't after a few tries.

    """
    found = Sent()
    with Cursor(open_log(project), "otel") as cursor:
        while True:
            for batch in cursor.batches(_AT_ONCE):
                read = [read_line(line) for line in batch.lines]
                events = [event for event in read if event is not None]
                took = _deliver(collector, events, _TRIES if once else 0, tell, pause)
                cursor.note(batch)
                found = Sent(
                    found.sent + took.taken,
                    found.refused + took.refused,
                    found.damaged + len(read) - len(events),
                    found.why or took.why,
                )
                if took.refused and not once:
                    tell(f"The collector refused {counted(took.refused, 'event')} for good: {took.why}")
            if once:
                return found
            pause(_EVERY)


def _deliver(
    collector: Collector,
    events: Sequence[Event],
    most: int,
    tell: Callable[[str], None],
    pause: Callable[[float], None],
) -> Received:
    """Send events, again and again where it must be; `most` tries, where that isn't 0."""
    if not events:
        return Received(0)
    tried = 0
    while True:
        try:
            took = collector.take(events)
        except Later as later:
            tried += 1
            if tried == most:
                raise StoreError(
                    f"{collector.address} doesn't take events: {later.why}.", "What is left is sent the next time."
                ) from None
            if tried == 1:
                tell(f"{collector.address} doesn't take events: {later.why}. Tried again until it does.")
            pause(max(later.seconds, min(_LONGEST, 2.0 ** (tried - 1))))
        else:
            if tried:
                tell(f"{collector.address} takes events again.")
            return took
