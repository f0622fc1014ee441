"""Holding out as the project says: at random, by time or by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from mainstay.data.settings import SplitBy
from mainstay.data.split import hold_out_groups, hold_out_latest, hold_out_random, strata_of
from mainstay.data.times import order_of
from mainstay.data.words import count, listing, rows, short
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.data.settings import DataSettings
    from mainstay.data.sieve import Sieve
    from mainstay.models.task import Task
    from mainstay.project import Project

SplitKind = Literal["random", "time", "group"]


@dataclass(frozen=True)
class Plan:
    """How rows are to be held out.

    Parameters
    ----------
    kind : {"random", "time", "group"}
        By what.
    column : str
        The column of times or groups, several joined by `` + ``; empty for random.
    keys : array, shape (n,), optional
        Seconds since 1970 (or the column's own number; the rank where several columns order the rows), or group names:
        one for each row that the sample keeps.
    share : float
        Share to hold out.
    seed : int
        Of a random split, or one by group.

    """

    kind: SplitKind
    column: str
    keys: NDArray[np.float64] | NDArray[np.str_] | None
    share: float
    seed: int

    def words(self, held: NDArray[np.bool_]) -> str:
        """Say what was done."""
        how = {
            "random": "at random, in equal shares of each label or decile",
            "time": f"the latest by {self.column}",
            "group": f"whole groups by {self.column}",
        }[self.kind]
        return f"{rows(int((~held).sum()))} to learn from, {count(int(held.sum()))} to judge on ({how})"


def plan_split(frame: pl.DataFrame, project: Project, settings: DataSettings) -> Plan:
    """Read the column that decides.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows that the sample keeps, with that column.
    project : Project
        Its file is named where the column can't decide.
    settings : DataSettings
        Say how rows are held out.

    Raises
    ------
    ProjectError
        Where the column of times holds neither times nor numbers.

    """
    by, share, seed = settings.split_by, settings.test_share, settings.seed
    if not isinstance(by, SplitBy):
        return Plan("random", "", None, share, seed)
    if by.group:
        names = frame.get_column(by.group).cast(pl.String).fill_null("")
        return Plan("group", by.group, names.to_numpy().astype(np.str_), share, seed)
    parts = []
    for name in by.times:
        moments = order_of(frame.get_column(name))
        if moments is None:
            raise project.file.error(
                "data",
                "split_by",
                f"orders rows by '{name}', where some cells are neither a time nor a number.",
                'Mend them, write times as ISO 8601, or set split_by = "random".',
            )
        parts.append(moments)
    return Plan("time", " + ".join(by.times), parts[0] if len(parts) == 1 else ranks_of(parts), share, seed)


def ranks_of(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give the place of each row in the order of several columns, most significant first: 0, 1, …, equal for equals.

    Examples
    --------
    >>> year, month = np.array([2024.0, 2023.0, 2024.0]), np.array([1.0, 12.0, 1.0])
    >>> ranks_of([year, month])
    array([1., 0., 1.])

    """
    known = np.column_stack(parts)
    _, places = np.unique(known, axis=0, return_inverse=True)
    return np.where(np.isnan(known).any(axis=1), np.nan, places.reshape(-1).astype(np.float64))


def refuse_unplaced(sieve: Sieve, settings: DataSettings) -> Sieve:
    """Take out the rows that don't say what decides who is held out."""
    by = settings.split_by
    if not isinstance(by, SplitBy):
        return sieve
    step, what = ("group", "group") if by.group else ("time", "place in time")
    for name in by.columns:
        cells = sieve.frame.get_column(name)
        unknown = cells.is_null()
        if step == "time" and (cells.dtype == pl.String or cells.dtype.is_float()):
            unknown |= cells.cast(pl.Float64, strict=False).is_nan().fill_null(value=False)
        sieve = sieve.refuse(step, unknown.to_numpy(), f"{name}: missing, so its {what} is unknown")
    return sieve


def hold_out(plan: Plan, digests: NDArray[np.uint64], y: NDArray[np.float64], task: Task) -> NDArray[np.bool_]:
    """Say which rows are held out.

    Parameters
    ----------
    plan : Plan
        Its keys belong to the same rows.
    digests : array, shape (n, 2)
        What makes two rows the same for a random split: of features and target, as read.
    y : array
        Their encoded target.
    task : Task
        What is predicted.

    Raises
    ------
    DataError
        Where one side has too little to learn from or to judge on.

    """
    if plan.kind == "time":
        held = hold_out_latest(np.asarray(plan.keys, dtype=np.float64), plan.share)
    elif plan.kind == "group":
        held = hold_out_groups(np.asarray(plan.keys, dtype=np.str_), plan.share, plan.seed)
    else:
        contents = [row.tobytes() for row in digests]
        held = hold_out_random(contents, strata_of(y, task.kind), plan.share, plan.seed)
    _refuse_thin_side(held, y, task, plan)
    return held


def _refuse_thin_side(held: NDArray[np.bool_], y: NDArray[np.float64], task: Task, plan: Plan) -> None:
    where = f"split by {plan.kind}" + (f" ({plan.column})" if plan.column else "")
    for side, name in ((~held, "to learn from"), (held, "to judge on")):
        if len(np.unique(y[side])) >= 2:
            continue
        have = (
            "no rows are left"
            if not side.any()
            else f"all {count(int(side.sum()))} rows have one and the same {task.target}"
        )
        raise DataError(
            f"Held out by the {where}, {have} {name}.",
            "Change split_by or test_share in [data], or give more rows.",
        )
    learned = np.isin(np.arange(len(task.labels)), y[~held])
    if not learned.all():
        lacking = [f"'{short(label)}'" for label, there in zip(task.labels, learned, strict=True) if not there]
        raise DataError(
            f"Held out by the {where}, no row with the {task.target} {listing(lacking, 5)} is left to learn from.",
            "Change split_by or test_share in [data], give more rows, or join labels.",
        )
