"""Reading predictions, feedback and refusals as tables.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.columns import filled, line_fields
from mainstay.events.scan import Scan, scan
from mainstay.events.unsealed_table import SEALED, with_opened

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence

    from mainstay.contract import Contract
    from mainstay.events.log import EventLog

FEATURE = "f:"
"""Prefix of the feature columns, so that no feature can be mistaken for a field of the event."""

INPUT = "i:"
"""Prefix of the columns of what the model saw, where feature code derived it."""

SHARE = "s:"
"""Prefix of the columns of each label's probability, where there are several."""

_FEATURES, _INPUTS, _SCORES = "mainstay.features", "mainstay.inputs", "mainstay.scores"
_ALWAYS = ("id", "model", "answer", "version")
"""What tells whether an answer is asked for, and whether it is in the log already."""

_PREDICTIONS = (
    "id", "time", "model", "version", "role", "share", "score", "prediction", "decision", "degraded", "fallback",
    "warnings", "duration_ns", "entity", "request", "answer", "sealed", "consumer", "control", "intended", "sampled",
)  # fmt: skip
_FEEDBACK = ("id", "time", "event", "model", "label_at", "label", "kpis", "followed")
_REFUSALS = (
    "id", "time", "model", "version", "role", "status", "cause", "fields", "problems", "message", "consumer",
)  # fmt: skip


def read_predictions(
    log: EventLog,
    contract: Contract,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    model: str | None = None,
    *,
    columns: Collection[str] | None = None,
) -> pl.DataFrame:
    """Read predictions, one row each, in order of time; with `columns` those alone, in their order.

    Returns
    -------
    DataFrame
        ``id, time, model, version, role, share, score, prediction, decision, degraded, fallback, warnings, latency_us,
        entity, request, answer, consumer, control, intended, sampled`` and one column ``f:<name>`` per feature, as
        served. Predictions and decisions are text here; `mainstay.events.window` gives amounts as numbers. Personal
        features are there where their person's key lives, null where it was destroyed, or the record named nobody.

    """
    return scan_predictions(log, contract, since, until, model, columns=columns).frame


def scan_predictions(
    log: EventLog,
    contract: Contract,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    model: str | None = None,
    *,
    inputs: Contract | None = None,
    labels: Sequence[str] = (),
    columns: Collection[str] | None = None,
) -> Scan:
    """Read predictions as `read_predictions` does, and count the torn lines; what is logged twice is read once.

    With `inputs`, what feature code makes of a record, there is one column ``i:<name>`` more for each of its columns:
    what the model saw, null where nothing was derived. With `labels` there is one column ``s:<label>`` for each: its
    probability. With `columns` those alone are read and given, in their order; one that there isn't is left out.
    """
    schema, names = line_fields("predictions", _PREDICTIONS)
    nested: dict[str, tuple[str, dict[str, pl.DataType]]] = {
        _FEATURES: (FEATURE, {each.name: each.stored() for each in contract.features}),
        _INPUTS: (INPUT, {each.name: each.stored() for each in inputs.features} if inputs else {}),
        _SCORES: (SHARE, dict.fromkeys(labels, pl.Float64())),
    }
    parts = []
    for field, (prefix, kinds) in nested.items():
        asked = {name: kind for name, kind in kinds.items() if columns is None or prefix + name in columns}
        if asked:
            schema[field], names[field] = pl.Struct(asked), field
            parts += [pl.col(field).struct.field(name).alias(prefix + name) for name in asked]
    needed = None if columns is None else {*_ALWAYS, *nested, *columns, *("duration_ns",) * ("latency_us" in columns)}
    if needed is not None and not {_FEATURES, _INPUTS}.isdisjoint(names):
        needed |= set(SEALED)
    found = scan(log, "predictions", schema, names=names, since=since, until=until, columns=needed)
    frame = _once(_of_model(found.frame, model))
    frame = frame.with_columns(*_filled(frame.columns), *parts).drop("duration_ns", *nested, strict=False)
    frame = with_opened(frame, log, {prefix: schema[field] for field, (prefix, _) in nested.items() if field in schema})
    return Scan(
        frame if columns is None else frame.select(each for each in columns if each in frame.columns), found.torn
    )


def _filled(columns: Sequence[str]) -> list[pl.Expr]:
    latency = [(pl.col("duration_ns") / 1000).alias("latency_us")] if "duration_ns" in columns else []
    return [*(filled(name) for name in columns), *latency]


def read_feedback(
    log: EventLog,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    model: str | None = None,
    *,
    columns: Collection[str] | None = None,
) -> pl.DataFrame:
    """Read feedback as it came: ``id`` (of the prediction), ``time`` of arrival, ``event, model, label_at, label`` (as
    text), ``kpis, followed``; late, repeated and corrected lines are all there. With `columns` those alone.
    """  # noqa: D205 - the columns are the summary
    schema, names = line_fields("feedback", _FEEDBACK)
    needed = None if columns is None else {"model", *columns}
    frame = _of_model(scan(log, "feedback", schema, names=names, since=since, until=until, columns=needed).frame, model)
    return frame if columns is None else frame.select(columns)


def read_refusals(
    log: EventLog,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    model: str | None = None,
) -> pl.DataFrame:
    """Read refused requests: ``id, time, model, version, role, status, cause, fields, problems, message, consumer``."""
    schema, names = line_fields("refusals", _REFUSALS)
    found = scan(log, "refusals", schema, names=names, since=since, until=until)
    return _of_model(found.frame, model).with_columns(map(filled, _REFUSALS))


def _once(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the first of answers that are in the log twice: a retry reached another worker, under the same id."""
    if frame["id"].hash().n_unique() == frame.height:  # no two hashes alike, no two ids: ten times faster to see
        return frame
    # A shadow has an id of its own each time, and the answer's beside it.
    alone, first = pl.col("answer").is_null(), pl.struct("answer", "version").is_first_distinct()
    return frame.filter(pl.col("id").is_first_distinct()).filter(alone | first)


def _of_model(frame: pl.DataFrame, model: str | None) -> pl.DataFrame:
    return frame if model is None else frame.filter(pl.col("model") == model)
