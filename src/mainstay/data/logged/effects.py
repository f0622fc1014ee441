"""Which answers an action may have had a hand in: their own, or one about the same person close by.

An outcome takes its time, and meanwhile the same person may be asked about again: who was left alone on Monday and made
an offer on Friday shows what the offer did, and so does who was made one the week before. So an action reaches as far
as outcomes take, back and forth. The control share is drawn by person, so that nothing of the kind happens in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.measures.matrix import read_choices
from mainstay.measures.standing_in import near
from mainstay.models.policy import NO_ACTION

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from mainstay.data.settings import DataSettings
    from mainstay.project import Project

    Flags = NDArray[np.bool_]


def with_effects(frame: pl.DataFrame, project: Project, settings: DataSettings, reach: dt.timedelta) -> pl.DataFrame:
    """Say of each answer what an action may have had to do with it.

    Parameters
    ----------
    frame : DataFrame
        Answers with ``id, time, entity, decision, control, intended, followed`` and the target.
    project : Project
        Its ``[money]`` says what is done without a model, where there are several classes.
    settings : DataSettings
        The ``[data]`` section in force.
    reach : timedelta
        How long outcomes take.

    Returns
    -------
    DataFrame
        With ``done`` (somebody acted because of it, or against it), ``meant`` (an action was meant, whether or not a
        lot kept it from being done), and the same for any answer about the same person within reach: ``exposed`` and
        ``touched``.

    """
    idle = _idle(frame, project, settings)
    decided, told = _differs(frame["decision"], idle), frame["followed"].fill_null(value=True).to_numpy()
    meant = _differs(frame["intended"].fill_null(frame["decision"]), idle)
    done = decided == told if idle is not None else np.zeros(frame.height, dtype=np.bool_)
    whose = frame.select(pl.coalesce("entity", "id")).to_series().rank("dense").to_numpy().astype(np.int64)
    at = frame["time"].dt.epoch("us").to_numpy()
    microseconds = round(reach.total_seconds() * 1e6)
    return frame.with_columns(
        pl.Series("done", done),
        pl.Series("meant", meant),
        pl.Series("exposed", near(done, whose, at, microseconds)),
        pl.Series("touched", near(meant, whose, at, microseconds)),
    )


def _idle(frame: pl.DataFrame, project: Project, settings: DataSettings) -> frozenset[str] | None:
    """Name the decisions that change nothing; None where it isn't known which do: amounts, classes without a matrix."""
    told, money = frame.get_column(settings.target).drop_nulls(), project.money
    held = frame.filter(pl.col("control") & pl.col("intended").is_not_null())["decision"]
    if held.len():  # a version did so to keep them from an action
        return frozenset({NO_ACTION, *held.unique().to_list()})
    if money.matrix:
        labels = tuple(money.matrix)
        shares = np.array([(told == label).sum() for label in labels]) / max(told.len(), 1)
        return frozenset({NO_ACTION, read_choices(labels, money, shares).idle})
    amounts = frame["decision"].cast(pl.Float64, strict=False).null_count() == 0
    several = bool(money.actions) or told.n_unique() > len(("yes", "no"))
    return None if not settings.positive and (amounts or several) else frozenset({NO_ACTION})


def _differs(decided: pl.Series, idle: frozenset[str] | None) -> Flags:
    if idle is None:
        return np.zeros(decided.len(), dtype=np.bool_)
    return (~decided.is_in(list(idle))).fill_null(value=False).to_numpy()
