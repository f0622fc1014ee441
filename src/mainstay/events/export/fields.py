"""Which columns the rows of a stream have, and where in a line they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.events.read import FEATURE, INPUT, SHARE
from mainstay.events.scan import TIME
from mainstay.events.unsealed_table import with_opened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.scan import Schema

Fields = dict[str, tuple[str, "pl.DataType | type[pl.DataType]"]]

_FINDING = pl.Struct(
    {
        "measure": pl.String,
        "where": pl.String,
        "value": pl.Float64,
        "interval": pl.Struct({"low": pl.Float64, "high": pl.Float64}),
        "limit": pl.Struct({"sense": pl.String, "value": pl.Float64}),
        "ok": pl.Boolean,
        "n": pl.Int64,
        "unit": pl.String,
        "group": pl.String,
        "note": pl.String,
    }
)
_COMMON: Fields = {"event.id": ("id", pl.String), "@timestamp": ("time", TIME), "mainstay.model": ("model", pl.String)}
_ARM: Fields = {"mainstay.version": ("version", pl.Int64), "mainstay.role": ("role", pl.String)}
FIELDS: dict[Stream, Fields] = {
    "predictions": _COMMON
    | _ARM
    | {
        "mainstay.share": ("share", pl.Float64),
        "mainstay.score": ("score", pl.Float64),
        "mainstay.prediction": ("prediction", pl.String),
        "mainstay.decision": ("decision", pl.String),
        "mainstay.control": ("control", pl.Boolean),
        "mainstay.intended": ("intended", pl.String),
        "mainstay.degraded": ("degraded", pl.Boolean),
        "mainstay.fallback": ("fallback", pl.Boolean),
        "mainstay.warnings": ("warnings", pl.List(pl.String)),
        "event.duration": ("latency_us", pl.Int64),
        "user.hash": ("entity", pl.String),
        "user.name": ("consumer", pl.String),
        "http.request.id": ("request", pl.String),
        "trace.id": ("trace", pl.String),
        "mainstay.answer": ("answer", pl.String),
        "mainstay.sampled": ("sampled", pl.Float64),
        "mainstay.raw": ("raw", pl.String),
        "mainstay.encoded": ("encoded", pl.List(pl.Float64)),
        "mainstay.sealed": ("sealed", pl.String),
    },
    "feedback": {
        "mainstay.answer": ("id", pl.String),
        "@timestamp": ("time", TIME),
        "event.id": ("event", pl.String),
        "mainstay.model": ("model", pl.String),
        "mainstay.label_at": ("label_at", TIME),
        "mainstay.label": ("label", pl.String),
        "mainstay.kpis": ("kpis", pl.List(pl.Struct({"name": pl.String, "value": pl.Float64}))),
        "mainstay.followed": ("followed", pl.Boolean),
    },
    "refusals": _COMMON
    | _ARM
    | {
        "http.response.status_code": ("status", pl.Int64),
        "event.reason": ("cause", pl.String),
        "mainstay.fields": ("fields", pl.List(pl.String)),
        "mainstay.problems": ("problems", pl.Int64),
        "message": ("message", pl.String),
        "user.name": ("consumer", pl.String),
        "trace.id": ("trace", pl.String),
    },
    "findings": _COMMON
    | {"mainstay.since": ("since", TIME), "mainstay.until": ("until", TIME), "mainstay.finding": ("finding", _FINDING)},
    "actions": _COMMON
    | {
        "event.action": ("kind", pl.String),
        "mainstay.subject": ("subject", pl.String),
        "mainstay.by": ("by", pl.String),
        "message": ("message", pl.String),
    },
    "audit": _COMMON
    | {
        "event.action": ("kind", pl.String),
        "user.name": ("by", pl.String),
        "mainstay.subject": ("subject", pl.String),
        "mainstay.events": ("events", pl.Int64),
        "event.reason": ("reason", pl.String),
    },
}
"""By stream: from the fields of a line to the columns of a row."""

_LEFT_OUT: dict[str, object] = {
    "degraded": False,
    "fallback": False,
    "control": False,
    "share": 1.0,
    "sampled": 1.0,
    "problems": 0,
    "events": 0,
    "message": "",
    "consumer": "",
    "reason": "",
    "n": 0,
    "unit": "",
    "group": "",
    "note": "",
    "warnings": [],
    "fields": [],
    "kpis": [],
}
"""What a line leaves out where it is as it mostly is."""

NESTED = {FEATURE: "features.", INPUT: "inputs.", SHARE: "scores."}
"""What columns of values that a prediction holds by name begin with: inside `mainstay.events`, and in a file."""


@dataclass(frozen=True)
class Described:
    """What predictions hold beside the fixed columns.

    Parameters
    ----------
    features, inputs : dict
        Name and type of each feature, and of what feature code derives from them.
    labels : tuple of str
        Those that have a probability each, where there are several.
    amounts : bool
        Whether what is predicted is an amount, no label.

    """

    features: Mapping[str, pl.DataType]
    inputs: Mapping[str, pl.DataType] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    amounts: bool = False

    def kinds(self) -> dict[str, tuple[str, dict[str, pl.DataType]]]:
        """Give the type of each named value, by field of the line, with the prefix of their columns."""
        kinds: dict[str, tuple[str, dict[str, pl.DataType]]] = {
            "mainstay.features": (FEATURE, dict(self.features)),
            "mainstay.inputs": (INPUT, dict(self.inputs)),
            "mainstay.scores": (SHARE, dict.fromkeys(self.labels, pl.Float64())),
        }
        return {name: (prefix, named) for name, (prefix, named) in kinds.items() if named}


def schema_of(stream: Stream, described: Described) -> tuple[Schema, Mapping[str, str]]:
    """Give the type of each field that is read, and the name it is read under."""
    fields = FIELDS[stream]
    schema: Schema = {field: kind for field, (_, kind) in fields.items()}
    names = {field: name for field, (name, _) in fields.items()}
    if stream == "predictions":
        for name, (_, kinds) in described.kinds().items():
            schema[name], names[name] = pl.Struct(kinds), name
    return schema, names


def as_rows(stream: Stream, frame: pl.DataFrame, described: Described, log: EventLog) -> pl.DataFrame:
    """Bring what was read to its columns: named values beside the fixed ones, what was left out filled in.

    Personal features are there where their person's key lives.
    """
    columns = [_filled(pl.col(name), name) for name, _ in FIELDS[stream].values() if name != "finding"]
    if stream == "findings":
        return frame.select(*columns, *_finding())
    if stream != "predictions":
        return frame.select(columns)
    kinds = described.kinds()
    parts = [
        pl.col(whole).struct.field(name).alias(prefix + name)
        for whole, (prefix, some) in kinds.items()
        for name in some
    ]
    plain = _compact(frame.select(*columns, *parts).with_columns(_typed(described)))
    opened = with_opened(plain, log, {prefix: pl.Struct(some) for prefix, some in kinds.values()})
    return opened.rename({prefix + name: NESTED[prefix] + name for prefix, some in kinds.values() for name in some})


def _compact(frame: pl.DataFrame) -> pl.DataFrame:
    """Spell JSON the same wherever it was read from."""
    texts = frame["raw"]
    if texts.null_count() == frame.height:
        return frame
    spelled = [None if text is None else msgspec.json.format(text, indent=-1) for text in texts]
    return frame.with_columns(pl.Series("raw", spelled, dtype=pl.String))


def _filled(column: pl.Expr, name: str) -> pl.Expr:
    if name not in _LEFT_OUT:
        return column
    filled = _LEFT_OUT[name]
    return column.fill_null(filled if isinstance(filled, list) else pl.lit(filled))


def _finding() -> list[pl.Expr]:
    found = pl.col("finding").struct
    plain = [
        _filled(found.field(name), name).alias(name)
        for name in ("measure", "where", "value", "ok", "n", "unit", "group", "note")
    ]
    ends = [found.field("interval").struct.field(name).alias(name) for name in ("low", "high")]
    limit = found.field("limit").struct
    return [*plain, *ends, limit.field("sense").alias("limit_sense"), limit.field("value").alias("limit")]


def _typed(described: Described) -> list[pl.Expr]:
    amounts = [pl.col("prediction", "decision").cast(pl.Float64, strict=False)] if described.amounts else []
    return [pl.col("latency_us") / 1000, *amounts]
