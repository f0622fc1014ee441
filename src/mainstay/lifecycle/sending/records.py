"""Log records of OpenTelemetry, made of lines of the event log.

The names stay those of the line: ECS' and ours, as attributes; `event.id` is what a reader knows a record again by. The
time, the severity, the caller's trace and the kind of event have fields of their own.

https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.events import ecs
from mainstay.events.records import is_marked, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

Event = dict[str, Any]
_INFO, _WARN = (9, "INFO"), (13, "WARN")
_TRACE = re.compile(r"[0-9a-f]{32}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_OWN = {"@timestamp", "message", "trace.id", ecs.HASH}
"""What isn't among the attributes: it has a place of its own, or is of the file alone."""


def read_line(line: bytes) -> Event | None:
    """Read a line; None where it is damaged."""
    if is_marked(line) and not is_whole(line):
        return None
    try:
        event = msgspec.json.decode(line)
        return event if isinstance(event, dict) and _nanoseconds(event["@timestamp"]) else None
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return None


def _nanoseconds(text: str) -> int:
    """Read a time as nanoseconds since 1970, exactly.

    Examples
    --------
    >>> _nanoseconds("1970-01-01T00:00:01.000001Z")
    1000001000

    """
    return (dt.datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND * 1000


def fill_record(record: Any, event: Event) -> None:
    """Fill a ``LogRecord`` in."""
    record.time_unix_nano = _nanoseconds(event["@timestamp"])
    record.observed_time_unix_nano = (dt.datetime.now(dt.UTC) - _EPOCH) // _MICROSECOND * 1000
    record.severity_number, record.severity_text = _severity(event)
    record.body.string_value = event.get("message") or event["event.dataset"]
    trace = event.get("trace.id")
    if isinstance(trace, str) and _TRACE.fullmatch(trace):
        record.trace_id = bytes.fromhex(trace)
    if "event_name" in record.DESCRIPTOR.fields_by_name:  # since version 1.5 of the protocol
        record.event_name = event["event.dataset"]
    fill_attributes(record.attributes, ((name, value) for name, value in event.items() if name not in _OWN))


def fill_attributes(attributes: Any, pairs: Iterable[tuple[str, Any]]) -> None:
    """Fill a repeated ``KeyValue`` in."""
    for name, value in pairs:
        each = attributes.add()
        each.key = name
        _fill(each.value, value)


def _fill(place: Any, value: Any) -> None:
    match value:
        case bool():
            place.bool_value = value
        case int() if -(2**63) <= value < 2**63:
            place.int_value = value
        case int() | float():
            place.double_value = value
        case str():
            place.string_value = value
        case list() | tuple():
            place.array_value.SetInParent()
            for each in value:
                _fill(place.array_value.values.add(), each)
        case dict():
            place.kvlist_value.SetInParent()
            fill_attributes(place.kvlist_value.values, value.items())
        case _:
            pass  # null: a value that is empty


def _severity(event: Event) -> tuple[int, str]:
    finding = event.get("mainstay.finding")
    failed = isinstance(finding, dict) and finding.get("ok") is False
    return _WARN if failed or event["event.dataset"] == "mainstay.refusals" else _INFO
