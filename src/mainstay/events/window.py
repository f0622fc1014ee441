"""`Window`: what was served in a span of time, joined with what is known of the truth.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.read import read_feedback, read_refusals, scan_predictions
from mainstay.events.sampling import is_kept
from mainstay.events.truth import Tally, kpis, tally, truth

if TYPE_CHECKING:
    from mainstay.contract import Contract
    from mainstay.events.log import EventLog
    from mainstay.models.task import Task

_EARLY = dt.timedelta(days=1)
"""Feedback may arrive before its prediction: clocks differ, and who gives the key of a request knows its id before."""


def _no_kpis() -> pl.DataFrame:
    return pl.DataFrame(schema={"id": pl.String, "name": pl.String, "value": pl.Float64})


@dataclass(frozen=True)
class Window:
    """What was served in a span of time.

    Parameters
    ----------
    model : str
        Name of the model; empty for all of the log.
    since, until : datetime
        The span, UTC; `until` excluded. By the time of the prediction, not of the label.
    frame : DataFrame
        One row per prediction, shadows included (``role``): ``id, time, model, version, role, share, score,
        prediction, decision, degraded, fallback, warnings, latency_us, entity, request, answer, control, intended,
        sampled, label, label_at, received, followed``, one column ``f:<name>`` per feature and ``i:<name>`` per derived
        one, and of several classes one column ``s:<label>`` per label, its probability. ``label`` is 1.0 for the
        positive label, 0.0 for the other, the code of one of several, or the amount; null while unknown.
    refusals : DataFrame
        Refused requests of the span.
    feedback : Tally
        What came in as feedback.
    torn : int
        Lines of the log that were torn or damaged, and left out.
    kpis : DataFrame
        Business numbers that came with the outcomes: ``id, name, value``, one row per answer and name.

    """

    model: str
    since: dt.datetime
    until: dt.datetime
    frame: pl.DataFrame
    refusals: pl.DataFrame
    feedback: Tally
    torn: int = 0
    kpis: pl.DataFrame = field(default_factory=_no_kpis)


def take_window(
    log: EventLog,
    contract: Contract,
    task: Task,
    since: dt.datetime,
    until: dt.datetime,
    *,
    model: str = "",
    known_at: dt.datetime | None = None,
    inputs: Contract | None = None,
) -> Window:
    """Take the window of a log.

    Parameters
    ----------
    log : EventLog
        The log.
    contract : Contract
        Names and types of the features.
    task : Task
        What the labels mean.
    since, until : datetime
        The span, UTC; `until` excluded.
    model : str, optional
        Take this model's events alone.
    known_at : datetime, optional
        Give the truth as it was known at this time: feedback that arrived later is left out.
    inputs : Contract, optional
        Names and types of what feature code derives from the features.

    """
    found = scan_predictions(log, contract, since, until, model or None, inputs=inputs, labels=task.labels)
    told = read_feedback(log, since - _EARLY, known_at, model or None)
    frame = (
        _amounts(found.frame, task)
        .with_columns(pl.coalesce("answer", "id").alias("asked"))
        .join(truth(told, task), left_on="asked", right_on="id", how="left", maintain_order="left")
        .drop("asked")
    )
    answers = frame.filter(pl.col("answer").is_null()).select("id", "label")
    numbers = kpis(told).join(answers, on="id", how="semi", maintain_order="left")
    rate = min(log.settings.rate, *frame.select(pl.col("sampled").min().fill_null(1.0)).to_series())
    counted = tally(told, answers, task, since, until, lambda name: is_kept(name, rate))
    refusals = read_refusals(log, since, until, model or None)
    return Window(model, since, until, frame, refusals, counted, found.torn, numbers)


def _amounts(frame: pl.DataFrame, task: Task) -> pl.DataFrame:
    if task.kind != "regression":
        return frame
    return frame.with_columns(pl.col("prediction", "decision").cast(pl.Float64, strict=False))
