"""Which answer an outcome is about, where it says whom and when it happened: the latest one before that.

Point-in-time: no outcome is matched to an answer that was given after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.read import scan_predictions

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.contract import Contract
    from mainstay.events.log import EventLog

_GIVEN = ("champion", "canary", "challenger")
"""Roles whose answers somebody got; a shadow's nobody could act on."""
UNASKED = "nobody asked about it"
LATER = "it was asked about later only"
OLDER = "the last answer before is too old"
AMBIGUOUS = "several answers about it at the same moment"


def read_answers(
    log: EventLog, contract: Contract, since: dt.datetime | None, until: dt.datetime | None, model: str
) -> pl.DataFrame:
    """Read the answers of a span that somebody got: ``id, time, entity``; entities are pseudonyms."""
    wanted = ("id", "time", "entity", "role")
    found = scan_predictions(log, contract, since, until, model, columns=wanted).frame
    return found.filter(pl.col("role").is_in(_GIVEN) & pl.col("entity").is_not_null()).drop("role")


class Matcher:
    """Finds the answer that a row is about.

    Parameters
    ----------
    answers : DataFrame
        As `read_answers` gives them.
    within : timedelta, optional
        How long after its answer an outcome may happen.

    """

    def __init__(self, answers: pl.DataFrame, within: dt.timedelta | None = None) -> None:
        alike = answers.group_by("entity", asked="time").agg(pl.col("id").min(), pl.len().alias("alike"))
        self._asked = alike.with_columns(pl.col("asked").alias("time")).sort("time")
        self._within = within

    def match(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give rows (``row, entity, time, ...``) the ``id`` of their answer, or in ``why`` the reason there is none."""
        met = rows.sort("time").join_asof(
            self._asked,
            on="time",
            by="entity",
            strategy="backward",
            check_sortedness=False,  # they are sorted, which isn't checked within groups
        )
        ever = met.join(self._asked, on="entity", how="semi").select("row")
        old = pl.lit(value=False) if self._within is None else pl.col("time") - pl.col("asked") > self._within
        why = (
            pl.when(pl.col("asked").is_null())
            .then(pl.when(pl.col("row").is_in(ever["row"].implode())).then(pl.lit(LATER)).otherwise(pl.lit(UNASKED)))
            .when(old)
            .then(pl.lit(OLDER))
            .when(pl.col("alike") > 1)
            .then(pl.lit(AMBIGUOUS))
        )
        told = met.with_columns(why.alias("why"))
        found = told.with_columns(pl.when(pl.col("why").is_null()).then(pl.col("id")).alias("id"))
        return found.drop("asked", "alike").sort("row")
