"""Which columns the rows of a stream have, and where in a line they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.events.columns import filled, line_fields
from mainstay.events.read import FEATURE, INPUT, SHARE
from mainstay.events.unsealed_table import with_opened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.scan import Schema

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
COLUMNS: dict[Stream, tuple[str, ...]] = {
    "predictions": (
        "id", "time", "model", "version", "role", "share", "score", "prediction", "decision", "control", "intended",
        "degraded", "fallback", "warnings", "duration_ns", "entity", "consumer", "request", "trace", "answer",
        "sampled", "raw", "encoded", "sealed",
    ),
    "feedback": ("id", "time", "event", "model", "label_at", "label", "kpis", "followed"),
    "refusals": (
        "id", "time", "model", "version", "role", "status", "cause", "fields", "problems", "message", "consumer",
        "trace",
    ),
    "findings": ("id", "time", "model", "since", "until", "finding"),
    "actions": ("id", "time", "model", "kind", "subject", "by", "message"),
    "audit": ("id", "time", "model", "kind", "by", "subject", "events", "reason"),
}  # fmt: skip
"""By stream: the columns of a row that every event has, in their order."""

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
    schema, names = line_fields(stream, COLUMNS[stream])
    if stream == "findings":
        schema["mainstay.finding"] = _FINDING
    if stream == "predictions":
        for name, (_, kinds) in described.kinds().items():
            schema[name], names[name] = pl.Struct(kinds), name
    return schema, names


def as_rows(stream: Stream, frame: pl.DataFrame, described: Described, log: EventLog) -> pl.DataFrame:
    """Bring what was read to its columns: named values beside the fixed ones, what was left out filled in.

    Personal features are there where their person's key lives.
    """
    columns = [filled(name) for name in COLUMNS[stream] if name != "finding"]
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
    plain = _compact(
        frame.select(*columns, *parts).with_columns(_typed(described)).rename({"duration_ns": "latency_us"})
    )
    opened = with_opened(plain, log, {prefix: pl.Struct(some) for prefix, some in kinds.values()})
    return opened.rename({prefix + name: NESTED[prefix] + name for prefix, some in kinds.values() for name in some})


def _compact(frame: pl.DataFrame) -> pl.DataFrame:
    """Spell JSON the same wherever it was read from."""
    texts = frame["raw"]
    if texts.null_count() == frame.height:
        return frame
    spelled = [None if text is None else msgspec.json.format(text, indent=-1) for text in texts]
    return frame.with_columns(pl.Series("raw", spelled, dtype=pl.String))


def _finding() -> list[pl.Expr]:
    found = pl.col("finding").struct
    plain = [
        filled(name, found.field(name)).alias(name)
        for name in ("measure", "where", "value", "ok", "n", "unit", "group", "note")
    ]
    ends = [found.field("interval").struct.field(name).alias(name) for name in ("low", "high")]
    limit = found.field("limit").struct
    return [*plain, *ends, limit.field("sense").alias("limit_sense"), limit.field("value").alias("limit")]


def _typed(described: Described) -> list[pl.Expr]:
    amounts = [pl.col("prediction", "decision").cast(pl.Float64, strict=False)] if described.amounts else []
    return [pl.col("duration_ns") / 1000, *amounts]
