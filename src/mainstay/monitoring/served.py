"""`Served`: the rows of a window as arrays. The one place in this room that knows the window's columns.

Imports Polars, as windows do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.table import encode_table
from mainstay.events.read import FEATURE
from mainstay.models.policy import NO_ACTION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Served:
    """Answers that somebody got (shadows left out), as arrays with one entry per answer.

    Parameters
    ----------
    at : array of float, shape (n,)
        Time of the answer, seconds since 1970.
    versions : array of int, shape (n,)
        Version that answered.
    encoded : array of float, shape (n, features)
        What the model saw.
    scores : array of float, shape (n,)
        Its scores.
    acted : array of bool, shape (n,)
        Binary: whether the decision was to act. All False for amounts.
    planned : array of float, shape (n,)
        Amounts: the decision. NaN for yes/no.
    labels : array of float, shape (n,)
        What happened: 1, 0 or the amount; NaN while unknown.
    degraded : array of bool, shape (n,)
        Whether a policy had to help.
    latency_ms : array of float, shape (n,)
        Time to the answer.

    """

    at: Floats
    versions: NDArray[np.int64]
    encoded: Floats
    scores: Floats
    acted: Flags
    planned: Floats
    labels: Floats
    degraded: Flags
    latency_ms: Floats

    @property
    def rows(self) -> int:
        """How many answers."""
        return int(self.scores.size)

    @property
    def known(self) -> Flags:
        """Whose truth is known."""
        return np.asarray(~np.isnan(self.labels))

    def only(self, which: Flags | slice) -> Served:
        """Take some of the answers."""
        return Served(**{name: getattr(self, name)[which] for name in self.__dataclass_fields__})


def read_served(frame: pl.DataFrame, contract: Contract, task: Task) -> Served:
    """Read the frame of a `Window`."""
    frame = frame.filter(pl.col("role") != "shadow")
    features = frame.select(pl.col(FEATURE + column.name).alias(column.name) for column in contract.features)
    amounts = task.kind == "regression"
    nobody = np.full(frame.height, np.nan)
    return Served(
        at=frame["time"].dt.epoch("us").to_numpy().astype(np.float64) / 1e6,
        versions=frame["version"].to_numpy().astype(np.int64),
        encoded=encode_table(contract, features),
        scores=_floats(frame["score"]),
        acted=np.zeros(frame.height, dtype=bool) if amounts else (frame["decision"] != NO_ACTION).to_numpy(),
        planned=_floats(frame["decision"]) if amounts else nobody,
        labels=_floats(frame["label"]),
        degraded=frame["degraded"].to_numpy().astype(bool),
        latency_ms=_floats(frame["latency_us"]) / 1000,
    )


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
