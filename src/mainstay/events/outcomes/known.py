"""`Known`: what the log knows of answers already, so that old news is told from new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.truth import kpis, label_code, label_lines, truth

if TYPE_CHECKING:
    from mainstay.models.task import Task

_VALUE = "kpi."


class Known:
    """What was told so far, by the log and by the rows seen since.

    Parameters
    ----------
    told : DataFrame
        Feedback of the log about the answers in question.
    task : Task
        What the labels mean.

    """

    def __init__(self, told: pl.DataFrame, task: Task) -> None:
        self._task = task
        self._truth = truth(told, task).select("id", known="label", known_followed="followed")
        self._kpis = kpis(told)
        self._labels = label_lines(told, task).select("id", "label_at", "label")
        self._new = [self._labels.clear()]
        said = told.with_columns(label_code(task).alias("code"), _listed().alias("numbers"))
        self._said = said.select(_key("label_at")).to_series().unique()

    def news(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Keep the rows that say something new; they are known from here on.

        A row with a time is old where the very same was said before; one without, where it agrees with what is known.
        """
        coded = rows.with_columns(label_code(self._task).alias("code"), _joined(rows).alias("numbers"))
        keyed = coded.with_columns(_key("at").alias("key"))
        fresh = keyed.filter(~pl.col("key").is_in(self._said.implode()) & pl.col("key").is_first_distinct())
        fresh = fresh.filter(pl.col("said") | ~self._agrees(fresh))
        self._said = pl.concat([self._said, fresh["key"]])
        self._new.append(fresh.filter(pl.col("code").is_not_null()).select("id", label_at="at", label="code"))
        return fresh.drop("code", "numbers", "key")

    def disagreements(self) -> tuple[int, int]:
        """Count answers in the news that were told different labels, and those whose latest are of the same moment."""
        news = pl.concat(self._new)
        before = self._labels.join(news.select("id"), on="id", how="semi")
        told = (
            pl.concat([before, news])
            .group_by("id")
            .agg(
                pl.col("label").n_unique().alias("labels"),
                pl.col("label").filter(pl.col("label_at") == pl.col("label_at").max()).n_unique().alias("latest"),
            )
        )
        return int((told["labels"] > 1).sum()), int((told["latest"] > 1).sum())

    def _agrees(self, rows: pl.DataFrame) -> pl.Series:
        met = rows.join(self._truth, on="id", how="left", maintain_order="left")
        agrees = met.select(
            (pl.col("code").is_null() | pl.col("code").eq_missing(pl.col("known")))
            & (pl.col("followed").is_null() | pl.col("followed").eq_missing(pl.col("known_followed")))
        ).to_series()
        for name in (each for each in rows.columns if each.startswith(_VALUE)):
            told = self._kpis.filter(pl.col("name") == name.removeprefix(_VALUE)).select("id", told="value")
            numbers = rows.join(told, on="id", how="left", maintain_order="left")
            same = pl.col(name).is_null() | pl.col(name).eq_missing(pl.col("told"))
            agrees &= numbers.select(same).to_series()
        return agrees


def _key(at: str) -> pl.Expr:
    """Hash all that a statement says; of a million, two are alike by chance once in ten million tables."""
    said = pl.struct("id", pl.col(at).alias("at"), "code", "followed", "numbers")
    return said.hash(seed=7)


def _listed() -> pl.Expr:
    each = pl.element().struct
    text = each.field("name") + "=" + each.field("value").cast(pl.String)
    return pl.col("kpis").list.eval(text).list.sort().list.join("\n").fill_null("")


def _joined(rows: pl.DataFrame) -> pl.Expr:
    names = [each for each in rows.columns if each.startswith(_VALUE)]
    if not names:
        return pl.lit("")
    texts = [pl.lit(name.removeprefix(_VALUE) + "=") + pl.col(name).cast(pl.String) for name in names]
    return pl.concat_list(texts).list.drop_nulls().list.sort().list.join("\n")
