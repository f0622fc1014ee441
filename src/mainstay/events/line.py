"""One line per event, for a person at a terminal: time, stream, id, and what happened. Needs no Polars."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from mainstay.events.journal import event_time
from mainstay.events.records import Access, Action, Event, Feedback, Found, Prediction, Refusal
from mainstay.render.inline import clean
from mainstay.render.numbers import counted, finding_value, limit_words

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.events.log import Stream

_STREAMS: dict[type[Event], Stream] = {
    Prediction: "predictions",
    Feedback: "feedback",
    Refusal: "refusals",
    Found: "findings",
    Action: "actions",
    Access: "audit",
}
_WIDEST = max(len(name) for name in _STREAMS.values())


def stream_of(event: Event) -> Stream:
    """Say in which stream an event stands."""
    return _STREAMS[type(event)]


def event_id(event: Event) -> str:
    """Give the id of the event itself; of feedback its own, not that of the answer it is about."""
    return event.event if isinstance(event, Feedback | Found) else event.id


def iso(at: dt.datetime) -> str:
    """Write a moment in ISO 8601, UTC, to the millisecond.

    Examples
    --------
    >>> import datetime as dt
    >>> iso(dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC))
    '2026-11-22T17:03:00.000Z'

    """
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def event_line(event: Event) -> str:
    """Tell an event in one line; whatever could command a terminal is replaced.

    Examples
    --------
    >>> import datetime as dt
    >>> at = dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC)
    >>> event_line(Access(id="7", at=at, model="churn", kind="export", by="ana", subject="predictions", events=90))
    '2026-11-22T17:03:00.000Z  audit        7  export by ana: predictions, 90 events'

    """
    # A line break inside a value would make two lines of one event.
    told = clean(f"{event_id(event)}  {_told(event)}").replace("\n", "\ufffd").replace("\t", " ")
    return f"{iso(event_time(event))}  {stream_of(event):<{_WIDEST}}  {told}"


@functools.singledispatch
def _told(event: Event) -> str:
    raise TypeError(f"The log holds no {type(event).__name__}.")


@_told.register
def _(event: Prediction) -> str:
    score = f"{event.score:.4g}"
    of = f" of {event.answer}" if event.answer else ""
    marks = [word for word in ("degraded", "fallback", "control") if getattr(event, word)]
    return "  ".join([f"v{event.version} {event.role}{of}", f"{score} -> {event.decision}", *marks])


@_told.register
def _(event: Feedback) -> str:
    parts = [] if event.label is None else [f"label {event.label} at {iso(event.at)}"]
    parts += [f"{kpi.name} {kpi.value:g}" for kpi in event.kpis]
    parts += [] if event.followed is None else ["followed" if event.followed else "not followed"]
    return f"of {event.id}  {', '.join(parts)}"


@_told.register
def _(event: Refusal) -> str:
    fields = f": {', '.join(event.fields)}" if event.fields else ""
    arm = "" if event.version is None else f"  v{event.version} {event.role or ''}".rstrip()
    return f"{event.status} {event.cause}{fields}{arm}"


@_told.register
def _(event: Found) -> str:
    found = event.finding
    verdict = {True: "ok", False: "failed", None: "told"}[found.ok]
    limit = f" ({limit_words(found.limit, found.unit)})" if found.limit else ""
    return f"{verdict}  {found.group}/{found.measure} {found.where}: {finding_value(found)}{limit}".replace("  /", "  ")


@_told.register
def _(event: Action) -> str:
    return f"{event.kind} by {event.by}: {event.message}"


@_told.register
def _(event: Access) -> str:
    reason = f" ({event.reason})" if event.reason else ""
    return f"{event.kind} by {event.by}: {event.subject}, {counted(event.events, 'event')}{reason}"
