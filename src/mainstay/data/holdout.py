"""Holding out as the project says: at random, by time or by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from mainstay.data.fingerprint import row_digests
from mainstay.data.settings import SplitBy
from mainstay.data.split import hold_out_groups, hold_out_latest, hold_out_random, strata_of
from mainstay.data.times import order_of
from mainstay.data.words import count, rows
from mainstay.errors import DataError

if TYPE_CHECKING:
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
        The column of times or groups; empty for random.
    keys : array, shape (n,), optional
        Seconds since 1970 (or the column's own number), or group names: one for each row of the sieve.
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


def plan_split(sieve: Sieve, project: Project, settings: DataSettings) -> tuple[Sieve, Plan]:
    """Read the column that decides, and refuse the rows that don't say.

    Raises
    ------
    ProjectError
        Where the column of times holds neither times nor numbers.

    """
    by, share, seed = settings.split_by, settings.test_share, settings.seed
    if not isinstance(by, SplitBy):
        return sieve, Plan("random", "", None, share, seed)
    if by.group:
        names = sieve.frame[by.group].cast(pl.String)
        sieve = sieve.refuse("group", names.is_null().to_numpy(), f"{by.group}: missing, so its group is unknown")
        return sieve, Plan("group", by.group, names.drop_nulls().to_numpy().astype(np.str_), share, seed)
    moments = order_of(sieve.frame[by.time])
    if moments is None:
        raise project.file.error(
            "data",
            "split_by",
            f"orders rows by '{by.time}', where some cells are neither a time nor a number.",
            'Mend them, write times as ISO 8601, or set split_by = "random".',
        )
    unknown = np.isnan(moments)
    sieve = sieve.refuse("time", unknown, f"{by.time}: missing, so its place in time is unknown")
    return sieve, Plan("time", by.time, moments[~unknown], share, seed)


def hold_out(plan: Plan, content: pl.DataFrame, y: NDArray[np.float64], task: Task) -> NDArray[np.bool_]:
    """Say which rows are held out.

    Parameters
    ----------
    plan : Plan
        Its keys belong to the rows of `content`.
    content : polars.DataFrame
        What makes two rows the same for a random split: features and target, as read.
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
        digests = row_digests(content, sorted(content.columns))
        held = hold_out_random(digests, strata_of(y, task.kind), plan.share, plan.seed)
    _refuse_thin_side(held, y, task, plan)
    return held


def _refuse_thin_side(held: NDArray[np.bool_], y: NDArray[np.float64], task: Task, plan: Plan) -> None:
    for side, name in ((~held, "to learn from"), (held, "to judge on")):
        if len(np.unique(y[side])) >= 2:
            continue
        where = f"split by {plan.kind}" + (f" ({plan.column})" if plan.column else "")
        have = (
            "no rows are left"
            if not side.any()
            else f"all {count(int(side.sum()))} rows have one and the same {task.target}"
        )
        raise DataError(
            f"Held out by the {where}, {have} {name}.",
            "Change split_by or test_share in [data], or give more rows.",
        )
