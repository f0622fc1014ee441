"""The fields of a line and their columns in the table of its stream. Needs no Polars."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec

from mainstay.events.records import Kpi
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from mainstay.events.log import Stream

Kind = Literal["text", "integer", "float", "boolean", "time", "texts", "floats", "kpis"]
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Moment = Annotated[dt.datetime, msgspec.Meta(tz=True)]

FEATURES, INPUTS, SCORES = "mainstay.features", "mainstay.inputs", "mainstay.scores"
NESTED = {FEATURES: "features", INPUTS: "inputs", SCORES: "scores"}
"""Fields of a prediction that are a struct in the table, of what the contracts of all its versions say."""

NAMES = {FEATURES: "feature_names", INPUTS: "input_names"}
"""Columns (JSON) with the names a line held: a feature that was missing is told from one its version didn't know."""


class Field(NamedTuple):
    """A field of a line: its column, the kind of the column, and what msgspec takes for it."""

    column: str
    kind: Kind
    type: Any
    is_json: bool = False


_TEXT = str | None
_FLAG = bool | None
_COMMON = {
    "@timestamp": Field("time", "time", Moment),
    "mainstay.model": Field("model", "text", _TEXT),
}
FIELDS: dict[Stream, dict[str, Field]] = {
    "predictions": {
        "event.id": Field("id", "text", str),
        **_COMMON,
        "mainstay.version": Field("version", "integer", Whole | None),
        "mainstay.role": Field("role", "text", _TEXT),
        "mainstay.share": Field("share", "float", float | None),
        "mainstay.score": Field("score", "float", float | None),
        "mainstay.prediction": Field("prediction", "text", str | float | None),
        "mainstay.decision": Field("decision", "text", str | float | None),
        "mainstay.degraded": Field("degraded", "boolean", _FLAG),
        "mainstay.fallback": Field("fallback", "boolean", _FLAG),
        "mainstay.warnings": Field("warnings", "texts", list[str] | None),
        "event.duration": Field("duration_ns", "integer", Whole | None),
        "user.hash": Field("entity", "text", _TEXT),
        "user.name": Field("consumer", "text", _TEXT),
        "http.request.id": Field("request", "text", _TEXT),
        "trace.id": Field("trace", "text", _TEXT),
        "mainstay.answer": Field("answer", "text", _TEXT),
        "mainstay.raw": Field("raw", "text", dict[str, Any] | None, is_json=True),
        "mainstay.encoded": Field("encoded", "floats", list[float | None] | None),
        "mainstay.sealed": Field("sealed", "text", _TEXT),
        "mainstay.control": Field("control", "boolean", _FLAG),
        "mainstay.intended": Field("intended", "text", _TEXT),
        "mainstay.sampled": Field("sampled", "float", float | None),
    },
    "feedback": {
        "mainstay.answer": Field("id", "text", str),
        **_COMMON,
        "event.id": Field("event", "text", _TEXT),
        "mainstay.label_at": Field("label_at", "time", Moment | None),
        "mainstay.label": Field("label", "text", str | float | None),
        "mainstay.kpis": Field("kpis", "kpis", list[Kpi] | None),
        "mainstay.followed": Field("followed", "boolean", _FLAG),
    },
    "refusals": {
        "event.id": Field("id", "text", str),
        **_COMMON,
        "mainstay.version": Field("version", "integer", Whole | None),
        "mainstay.role": Field("role", "text", _TEXT),
        "http.response.status_code": Field("status", "integer", Whole | None),
        "event.reason": Field("cause", "text", _TEXT),
        "mainstay.fields": Field("fields", "texts", list[str] | None),
        "mainstay.problems": Field("problems", "integer", Whole | None),
        "message": Field("message", "text", _TEXT),
        "trace.id": Field("trace", "text", _TEXT),
        "user.name": Field("consumer", "text", _TEXT),
    },
    "findings": {
        "event.id": Field("id", "text", str),
        **_COMMON,
        "mainstay.since": Field("since", "time", Moment | None),
        "mainstay.until": Field("until", "time", Moment | None),
        "mainstay.finding": Field("finding", "text", Finding | None, is_json=True),
    },
    "actions": {
        "event.id": Field("id", "text", str),
        **_COMMON,
        "event.action": Field("kind", "text", _TEXT),
        "mainstay.subject": Field("subject", "text", _TEXT),
        "mainstay.by": Field("by", "text", _TEXT),
        "message": Field("message", "text", _TEXT),
        "mainstay.finding": Field("finding", "text", Finding | None, is_json=True),
    },
    "audit": {
        "event.id": Field("id", "text", str),
        **_COMMON,
        "event.action": Field("kind", "text", _TEXT),
        "user.name": Field("by", "text", _TEXT),
        "mainstay.subject": Field("subject", "text", _TEXT),
        "mainstay.events": Field("events", "integer", Whole | None),
        "event.reason": Field("reason", "text", _TEXT),
    },
}
IGNORED = ("ecs.version", "event.dataset", "event.hash")
"""Fields of a line that say nothing more once it is a row of its stream's table."""

NUMBERED: dict[Stream, str] = {"predictions": "mainstay.prediction", "feedback": "mainstay.label"}
"""Fields whose number has a column of its own."""

DEFAULTS: dict[str, bool | float] = {
    "share": 1.0,
    "sampled": 1.0,
    "degraded": False,
    "fallback": False,
    "control": False,
    "problems": 0,
}
"""What a line means that leaves a field out; the table says it."""
