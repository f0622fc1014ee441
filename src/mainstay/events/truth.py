"""The truth about answers, from what was told of them: late, early, twice, corrected, contradictory, in any order.

Feedback is a set of statements, and the truth a function of that set: how often a statement arrived, and in which
order its lines stand in which files, changes nothing. Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from mainstay.models.task import Task

    Kept = Callable[[str], bool]

ORDER = ("label_at", "time", "event")
"""What counts is what became true last, of that what arrived last, of that the later id: never the order of lines."""


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
    conflicting : int
        Those of the corrected whose latest truths became true at the same moment; the last to arrive counts.
    unsampled : int
        Distinct ids of answers that ``[events] mode = "sample"`` left out of the log.

    """

    labelled: int = 0
    repeated: int = 0
    corrected: int = 0
    unknown: int = 0
    conflicting: int = 0
    unsampled: int = 0


def truth(told: pl.DataFrame, task: Task, known_at: dt.datetime | None = None) -> pl.DataFrame:
    """Give one row per prediction that something is known of.

    Parameters
    ----------
    told : DataFrame
        Feedback, as `mainstay.events.read.read_feedback` gives it.
    task : Task
        What the labels mean.
    known_at : datetime, optional
        Give the truth as it was known at this time: what arrived then or later is left out.

    Returns
    -------
    DataFrame
        ``id`` of the prediction; ``label``: 1.0 for the positive label, 0.0 for the other, the code of one of several,
        or the amount; ``label_at``, since when it is true, and ``received``, since when it is known, both of the first
        that said it where it was repeated; ``followed``. Null where nothing was told. In order of the ids.

    """
    known = _known(told, known_at)
    labels = _final(label_lines(known, task).sort(ORDER))
    followed = known.filter(pl.col("followed").is_not_null()).sort(ORDER)
    last = followed.group_by("id").agg(pl.col("followed").last())
    return labels.join(last, on="id", how="full", coalesce=True).sort("id")


def kpis(told: pl.DataFrame, known_at: dt.datetime | None = None) -> pl.DataFrame:
    """Give one row per prediction and KPI: ``id, name, value``, in this order.

    A KPI of an answer is one number. Told again it is replaced, not added to, so that no retry counts twice: of
    several the latest counts, as of labels.
    """
    parts = _known(told, known_at).filter(pl.col("kpis").list.len() > 0).explode("kpis")
    named = parts.select("id", *ORDER, pl.col("kpis").struct.unnest())
    last = named.sort(ORDER).group_by("id", "name").agg(pl.col("value").last())
    return last.sort("id", "name")


def tally(  # noqa: PLR0917 - what was told, about what, and of which span
    told: pl.DataFrame, answers: pl.DataFrame, task: Task, since: dt.datetime, until: dt.datetime, is_kept: Kept
) -> Tally:
    """Count what became of feedback.

    Parameters
    ----------
    told : DataFrame
        Feedback, as it was read.
    answers : DataFrame
        The predictions of the span, shadows left out: ``id``, ``label``.
    task : Task
        What the labels mean.
    since, until : datetime
        The span.
    is_kept : callable
        Says of an id whether the log keeps its prediction.

    """
    ours = label_lines(told, task).join(answers.select("id"), on="id", how="semi")
    truths = ours.group_by("id").agg(
        pl.col("label").n_unique().alias("truths"),
        pl.col("label").filter(pl.col("label_at") == pl.col("label_at").max()).n_unique().alias("latest"),
        pl.len().alias("lines"),
    )
    late = told.filter(pl.col("time") >= since).join(answers.select("id"), on="id", how="anti")
    strangers = late.filter(_is_strange(since, until))["id"].unique()
    unsampled = sum(not is_kept(name) for name in strangers)
    return Tally(
        labelled=answers["label"].count(),
        repeated=int((truths["lines"] - truths["truths"]).sum()),
        corrected=int((truths["truths"] > 1).sum()),
        unknown=len(strangers) - unsampled,
        conflicting=int((truths["latest"] > 1).sum()),
        unsampled=unsampled,
    )


def _known(told: pl.DataFrame, known_at: dt.datetime | None) -> pl.DataFrame:
    return told if known_at is None else told.filter(pl.col("time") < known_at)


def label_lines(told: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Take what was said about labels, as numbers; a label the task doesn't have says nothing."""
    said = told.select("id", *ORDER, label_code(task).alias("label"))
    return said.filter(pl.col("label").is_not_null())


def label_code(task: Task) -> pl.Expr:
    """Give the column ``label`` as a number; null where it is no label of the task."""
    if task.kind == "regression":
        return pl.col("label").cast(pl.Float64, strict=False)
    if task.kind == "multiclass":
        codes = {label: float(code) for code, label in enumerate(task.labels)}
        return pl.col("label").replace_strict(codes, default=None, return_dtype=pl.Float64)
    positive, negative = pl.col("label") == task.positive, pl.col("label") == task.negative
    return pl.when(positive).then(1.0).when(negative).then(0.0).otherwise(None)


def _final(ordered: pl.DataFrame) -> pl.DataFrame:
    """Give of each id the last label, and since when it was said without a break."""
    named = ordered.select("id", "label", "label_at", pl.col("time").alias("received"))
    once = named.filter(pl.col("id").is_unique())
    if once.height == named.height:
        return named
    several = named.filter(pl.col("id").is_duplicated())
    # Lines after the last one that said something else, seen from the end.
    same = (pl.col("label") == pl.col("label").last()).reverse().cum_min().reverse().over("id")
    final = (
        several.filter(same)
        .group_by("id")
        .agg(pl.col("label").last(), pl.col("label_at").min(), pl.col("received").min())
    )
    return pl.concat([once, final])


def made_at() -> pl.Expr:
    """Give when the column ``id`` was made, milliseconds since 1970; null where it is no UUIDv7."""
    digits = pl.col("id").str.replace_all("-", "", literal=True)
    made = digits.str.slice(0, 12).str.to_integer(base=16, strict=False)
    return pl.when((pl.col("id").str.len_chars() == 36) & (digits.str.slice(12, 1) == "7")).then(made)


def _is_strange(since: dt.datetime, until: dt.datetime) -> pl.Expr:
    # Only ids of this span, and ids that we never make, are strange here; the others belong to predictions of other
    # windows.
    made = made_at()
    inside = (made >= int(since.timestamp() * 1000)) & (made < int(until.timestamp() * 1000))
    return made.is_null() | inside
