"""`Window`: what was served in a span of time, joined with what is known of the truth.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.read import read_feedback, read_refusals, scan_predictions

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.contract import Contract
    from mainstay.events.log import EventLog
    from mainstay.models.task import Task


@dataclass(frozen=True)
class Tally:
    """What came in as feedback about a window.

    Parameters
    ----------
    labelled : int
        Answers whose truth is known.
    repeated : int
        Lines that said again what was known already.
    corrected : int
        Answers that were told different truths; the latest counts.
    unknown : int
        Distinct ids that fit no prediction of this log.

    """

    labelled: int = 0
    repeated: int = 0
    corrected: int = 0
    unknown: int = 0


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
        prediction, decision, degraded, fallback, warnings, latency_us, entity, request, answer, label, label_at,
        followed``, one column ``f:<name>`` per feature and ``i:<name>`` per derived one, and of several classes one
        column ``s:<label>`` per label, its probability. ``label`` is 1.0 for the positive label, 0.0 for the other, the
        code of one of several, or the amount; null while unknown.
    refusals : DataFrame
        Refused requests of the span.
    feedback : Tally
        What came in as feedback.
    torn : int
        Lines of the log that were torn or damaged, and left out.

    """

    model: str
    since: dt.datetime
    until: dt.datetime
    frame: pl.DataFrame
    refusals: pl.DataFrame
    feedback: Tally
    torn: int = 0


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
    told = read_feedback(log, since, known_at, model or None).with_row_index("order")
    truth = _truth(told, task)
    frame = (
        _amounts(found.frame, task)
        .with_columns(pl.coalesce("answer", "id").alias("asked"))
        .join(truth, left_on="asked", right_on="id", how="left", maintain_order="left")
        .drop("asked")
    )
    tally = _tally(told, frame, since, until)
    return Window(model, since, until, frame, read_refusals(log, since, until, model or None), tally, found.torn)


def _amounts(frame: pl.DataFrame, task: Task) -> pl.DataFrame:
    if task.kind != "regression":
        return frame
    return frame.with_columns(pl.col("prediction", "decision").cast(pl.Float64, strict=False))


def _truth(told: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Give one row per prediction id: of several truths the latest counts, of equally late ones the last to arrive."""
    ordered = told.sort("label_at", "time", "order")
    labels = (
        ordered.with_columns(_label(task))
        .filter(pl.col("label").is_not_null())
        .group_by("id")
        .agg(pl.col("label", "label_at").last())
    )
    followed = ordered.filter(pl.col("followed").is_not_null()).group_by("id").agg(pl.col("followed").last())
    return labels.join(followed, on="id", how="full", coalesce=True)


def _label(task: Task) -> pl.Expr:
    if task.kind == "regression":
        return pl.col("label").cast(pl.Float64, strict=False)
    if task.kind == "multiclass":
        codes = {label: float(code) for code, label in enumerate(task.labels)}
        return pl.col("label").replace_strict(codes, default=None, return_dtype=pl.Float64)
    positive, negative = pl.col("label") == task.positive, pl.col("label") == task.negative
    return pl.when(positive).then(1.0).when(negative).then(0.0).otherwise(None).alias("label")


def _tally(told: pl.DataFrame, frame: pl.DataFrame, since: dt.datetime, until: dt.datetime) -> Tally:
    answers = frame.filter(pl.col("answer").is_null())
    ours = told.filter(pl.col("label").is_not_null()).join(answers.select("id"), on="id", how="semi")
    truths = ours.group_by("id").agg(pl.col("label").n_unique().alias("truths"), pl.len().alias("lines"))
    strangers = told.join(answers.select("id"), on="id", how="anti").filter(_is_strange(since, until))
    return Tally(
        labelled=answers["label"].count(),
        repeated=int((truths["lines"] - truths["truths"]).sum()),
        corrected=int((truths["truths"] > 1).sum()),
        unknown=strangers["id"].n_unique(),
    )


def _is_strange(since: dt.datetime, until: dt.datetime) -> pl.Expr:
    # A UUIDv7 tells when its prediction was made: only ids of this span, and ids that we never make, are strange here;
    # the others belong to predictions of other windows.
    digits = pl.col("id").str.replace_all("-", "", literal=True)
    made = digits.str.slice(0, 12).str.to_integer(base=16, strict=False)
    ours = (pl.col("id").str.len_chars() == 36) & (digits.str.slice(12, 1) == "7") & made.is_not_null()
    inside = (made >= int(since.timestamp() * 1000)) & (made < int(until.timestamp() * 1000))
    return ~ours | inside
