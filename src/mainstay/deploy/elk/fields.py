"""What each field of a line is to Elasticsearch: one type for each name, so that nothing is guessed from a value.

Open-ended things (features, the scores of several labels) are ``flattened``: one field of the index, whatever is in
them, and a type that changed with a version of the contract refuses no document. What ECS wants of every event and is
always the same isn't written into each line, but is a constant of the index: it costs no byte.

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/mapping-types.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec

from mainstay.events import ecs
from mainstay.events.records import Access, Action, Event, Feedback, Found, Prediction, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

Field = dict[str, Any]
"""How one field is mapped, as Elasticsearch's mapping says it."""

_KEYWORD: Field = {"type": "keyword", "ignore_above": 1024}
_DATE: Field = {"type": "date"}
_LONG: Field = {"type": "long"}
_DOUBLE: Field = {"type": "double"}
_BOOLEAN: Field = {"type": "boolean"}
_TEXT: Field = {"type": "match_only_text"}
_OPEN: Field = {"type": "flattened", "ignore_above": 1024}
_KEPT: Field = {"type": "object", "enabled": False}  # kept in the document, and never looked into
_KEPT_TEXT: Field = {"type": "keyword", "index": False, "doc_values": False}


def _of(**properties: Field) -> Field:
    return {"properties": properties}


_FINDING = _of(
    measure=_KEYWORD,
    where=_KEYWORD,
    value=_DOUBLE,
    interval=_of(low=_DOUBLE, high=_DOUBLE, level=_DOUBLE),
    limit=_of(sense=_KEYWORD, value=_DOUBLE),
    ok=_BOOLEAN,
    n=_LONG,
    unit=_KEYWORD,
    group=_KEYWORD,
    note=_TEXT,
)
FIELDS: Mapping[str, Field] = {
    "@timestamp": _DATE,
    "ecs.version": _KEYWORD,
    "event.dataset": _KEYWORD,
    "event.id": _KEYWORD,
    "event.action": _KEYWORD,
    "event.duration": _LONG,
    "event.reason": _KEYWORD,
    ecs.HASH: _KEPT_TEXT,
    "http.request.id": _KEYWORD,
    "http.response.status_code": _LONG,
    "message": _TEXT,
    "trace.id": _KEYWORD,
    "user.hash": _KEYWORD,
    "user.name": _KEYWORD,
    "mainstay.answer": _KEYWORD,
    "mainstay.by": _KEYWORD,
    "mainstay.control": _BOOLEAN,
    "mainstay.decision": _KEYWORD,
    "mainstay.degraded": _BOOLEAN,
    "mainstay.encoded": _KEPT,
    "mainstay.events": _LONG,
    "mainstay.fallback": _BOOLEAN,
    "mainstay.features": _OPEN,
    "mainstay.fields": _KEYWORD,
    "mainstay.finding": _FINDING,
    "mainstay.followed": _BOOLEAN,
    "mainstay.inputs": _OPEN,
    "mainstay.intended": _KEYWORD,
    "mainstay.kpis": {"type": "nested", **_of(name=_KEYWORD, value=_DOUBLE)},
    "mainstay.label": _KEYWORD,
    "mainstay.label_at": _DATE,
    "mainstay.model": _KEYWORD,
    "mainstay.prediction": _KEYWORD,
    "mainstay.problems": _LONG,
    "mainstay.raw": _OPEN,
    "mainstay.role": _KEYWORD,
    "mainstay.sampled": _DOUBLE,
    "mainstay.score": _DOUBLE,
    "mainstay.scores": _OPEN,
    "mainstay.sealed": _KEPT_TEXT,
    "mainstay.share": _DOUBLE,
    "mainstay.since": _DATE,
    "mainstay.subject": _KEYWORD,
    "mainstay.until": _DATE,
    "mainstay.version": _LONG,
    "mainstay.warnings": _KEYWORD,
}
"""The type of every field that a line may have."""

_ALWAYS = {"event.module": "mainstay"}
_TOLD = {"event.kind": "event", "log.level": "info"}
CONSTANTS: Mapping[type[Event], Mapping[str, str]] = {
    Prediction: _TOLD | {"event.category": "api", "event.type": "info", "event.outcome": "success"},
    Feedback: _TOLD | {"event.category": "api", "event.type": "info"},
    Refusal: {
        "event.kind": "event",
        "event.category": "api",
        "event.type": "denied",
        "event.outcome": "failure",
        "log.level": "warn",
    },
    Found: {"event.kind": "metric"},
    Action: _TOLD | {"event.category": "configuration", "event.type": "change"},
    Access: _TOLD | {"event.category": "database", "event.type": "access"},
}
"""What is the same in all events of a kind: ECS' categorization fields, within their allowed values."""


def datasets() -> dict[str, type[Event]]:
    """Give the kinds of events by what ``event.dataset`` says in their lines."""
    kinds: tuple[type[Event], ...] = get_args(Event)
    return {str(kind.__struct_config__.tag): kind for kind in kinds}


def mapped(kind: type[Event]) -> dict[str, Field]:
    """Give how each field of a kind of event is mapped, its constants included; by flat names."""
    names = ("event.dataset", ecs.HASH, *(field.encode_name for field in msgspec.structs.fields(kind)))
    constants = _ALWAYS | dict(CONSTANTS[kind])
    found = {name: FIELDS[name] for name in names if name in FIELDS}  # a new field is kept, and not looked into
    found |= {name: {"type": "constant_keyword", "value": value} for name, value in constants.items()}
    return dict(sorted(found.items()))


def nested(flat: Mapping[str, Field]) -> dict[str, Field]:
    """Turn flat dotted names into properties within properties.

    Examples
    --------
    >>> nested({"event.id": {"type": "keyword"}})
    {'event': {'properties': {'id': {'type': 'keyword'}}}}

    """
    tree: dict[str, Field] = {}
    for name, field in flat.items():
        place = tree
        *above, last = name.split(".")
        for part in above:
            place = place.setdefault(part, {"properties": {}})["properties"]
        place[last] = field
    return tree
