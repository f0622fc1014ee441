"""Which rows of the log show the effect of an action, and what stands for them.

Retraining on such rows would learn what its own actions did: who was made an offer and stayed looks like one who would
have stayed. So they are left out, and the rows that the control share kept from an action stand for all that were meant
for one (`mainstay.measures.standing_in`). Where the caller did otherwise than was decided, nobody knows by which lot:
such a row is left out too, and is still one of those that the control share stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.sieve import Step
from mainstay.data.words import count, rows
from mainstay.errors import DataError
from mainstay.measures.matrix import read_choices
from mainstay.measures.standing_in import cut_weights, effective_rows, stand_in
from mainstay.models.policy import NO_ACTION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.settings import DataSettings
    from mainstay.project import Project

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

TREATED = "treated"
"""The step that takes out the rows whose outcome an action may have changed; no loss, others stand for them."""


def untreated(frame: pl.DataFrame, project: Project, settings: DataSettings) -> tuple[pl.DataFrame, Step, str]:
    """Leave out the rows that were acted on, and weigh the others.

    Parameters
    ----------
    frame : DataFrame
        Rows of the log in order of time, with ``decision, control, intended, followed, sampled`` and the target.
    project : Project
        Its ``[money]`` says what is done without a model, where there are several classes.
    settings : DataSettings
        The ``[data]`` section in force.

    Returns
    -------
    DataFrame
        The rows that are left, with their ``weight``: how many records each stands for.
    Step
        How many were left out, and why.
    str
        What stands for them, for a reader; empty where nothing has to.

    Raises
    ------
    DataError
        Where records were acted on, and none was kept from it.

    """
    mass = 1 / frame["sampled"].to_numpy().astype(np.float64)
    if settings.treated == "keep":
        return frame.with_columns(pl.Series("weight", mass)), Step(TREATED, 0, {}), ""
    idle = _idle(frame, project, settings)
    meant = _differs(frame["intended"].fill_null(frame["decision"]), idle)
    done, told = _differs(frame["decision"], idle), frame["followed"].fill_null(value=True).to_numpy()
    held = meant & ~done & told
    strayed = ~meant & ~told
    acted = meant & ~held
    if acted.any() and not held.any():
        raise _no_control(int(acted.sum()), frame.height)
    weights = np.where(strayed, 0.0, stand_in(acted, held, mass))
    kept = ~(acted | strayed)
    cut, times = cut_weights(weights[kept])
    counts = {
        "acted on, so that the outcome is that of the action": int((acted & told & done).sum()),
        "the caller did otherwise than was decided": int(((acted & ~(told & done)) | strayed).sum()),
    }
    words = _words(int(held.sum()), int(acted.sum()), times, effective_rows(cut)) if acted.any() else ""
    left = frame.filter(pl.Series(kept)).with_columns(pl.Series("weight", cut))
    return left, Step(TREATED, int((~kept).sum()), counts), words


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


def _words(held: int, acted: int, cut: int, effective: float) -> str:
    trimmed = f"; the weights of {count(cut)} were cut, so that no single row decides" if cut else ""
    return (
        f"{rows(held)} of the control share stand for themselves and for {count(acted)} that were acted on: together "
        f"they say as much as {count(round(effective))} rows of equal weight{trimmed}"
    )


def _no_control(acted: int, total: int) -> DataError:
    return DataError(
        f"{count(acted)} of {rows(total)} of the log were acted on, and none of those that were meant for it was kept "
        "from it: what becomes of such records without an action can't be learned here, and with one the model would "
        "learn its own effect.",
        "Set [release] control = 0.05 and let outcomes come in; or, where an action changes no outcome, say "
        '[data] treated = "keep".',
    )
