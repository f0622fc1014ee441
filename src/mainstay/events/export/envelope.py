"""Rows as CloudEvents: one JSON object each, structured mode.

``"cloudevents"`` gives one event per row, of a type of our own, with the row as its data. ``"kserve"`` gives of each
answer the pair that KServe's inference logger sends: what was asked and what was answered, with its types and
attributes, and its protocol's bodies as data; so that what reads KServe's events reads these. Both have the answer's
id, by which such readers pair them; the specification wants `source` and `id` to be one event's alone, so they differ
in `source`.

References: CloudEvents 1.0.2, sections 3 and "JSON Event Format"; KServe, ``pkg/logger/worker.go``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec

from mainstay.events.export.fields import NESTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from mainstay.events.log import Stream

Envelope = Literal["cloudevents", "kserve"]
_TYPES: dict[Stream, str] = {
    "predictions": "mainstay.prediction",
    "feedback": "mainstay.feedback",
    "refusals": "mainstay.refusal",
    "findings": "mainstay.finding",
    "actions": "mainstay.action",
    "audit": "mainstay.access",
}
REQUEST = "org.kubeflow.serving.inference.request"
RESPONSE = "org.kubeflow.serving.inference.response"
_ANSWER = ("prediction", "score", "decision", "version", "degraded", "warnings")
Row = dict[str, Any]


class Enveloped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One CloudEvent; names of extensions are lower case, as the specification asks.

    Parameters
    ----------
    id, source, type, time, subject, data
        As the specification defines them.
    inferenceservicename, component, endpoint : str
        KServe's extensions: the model, what of it, and which arm answered.

    """

    specversion: str = msgspec.field(default_factory=lambda: "1.0")
    id: str
    source: str
    type: str
    time: str
    subject: str = ""
    inferenceservicename: str = ""
    component: str = ""
    endpoint: str = ""
    datacontenttype: str = msgspec.field(default_factory=lambda: "application/json")
    data: Row


def enveloped(frame: pl.DataFrame, stream: Stream, envelope: Envelope) -> bytes:
    """Write rows, their moments as texts already, as CloudEvents, one a line."""
    events = [
        event
        for row in frame.iter_rows(named=True)
        for event in (_pair(_nested(row)) if envelope == "kserve" else _single(_nested(row), stream))
    ]
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def _single(row: Row, stream: Stream) -> Iterator[Enveloped]:
    # Of feedback the row's id is that of the answer it is about.
    own = row["event"] if stream == "feedback" else row["id"]
    subject = row["id"] if stream == "feedback" else ""
    yield Enveloped(id=own, source=_source(row), type=_TYPES[stream], time=row["time"], subject=subject, data=row)


def _pair(row: Row) -> Iterator[Enveloped]:
    arm = "default" if row["role"] == "champion" else row["role"]
    answer = {name: row[name] for name in _ANSWER}
    for part, kind, data in (
        ("requests", REQUEST, {"instances": [row["features"]]}),
        ("answers", RESPONSE, {"predictions": [answer]}),
    ):
        yield Enveloped(
            id=row["id"],
            source=f"{_source(row)}/{part}",
            type=kind,
            time=row["time"],
            inferenceservicename=row["model"],
            component="predictor",
            endpoint=arm,
            data=data,
        )


def _source(row: Row) -> str:
    return f"/models/{quote(row['model'], safe='')}"


def _nested(row: Row) -> Row:
    """Put what is known by name under one name, and leave out what isn't known."""
    made: Row = {"features": {}} if "features" not in row and "score" in row else {}
    for name, value in row.items():
        group, dot, rest = name.partition(".")
        if dot and f"{group}." in NESTED.values():
            made.setdefault(group, {})[rest] = value
        elif name == "raw" and value is not None:
            made[name] = msgspec.Raw(value.encode())
        elif value is not None:
            made[name] = value
    for group in ("inputs", "scores"):
        if group in made and all(value is None for value in made[group].values()):
            del made[group]
    return made
