"""`CameBack`: what came back about the answers of a window, as arrays.

Imports Polars, as windows do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.monitoring.served import CHOSEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.events.window import Window

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CameBack:
    """What came back about the answers of one version.

    Parameters
    ----------
    at : array of float, shape (n,)
        Time of the answer, seconds since 1970.
    waited : array of float, shape (n,)
        Seconds from the answer until its truth was known; NaN while it isn't.
    followed : array of float, shape (n,)
        1 where its decision was followed, 0 where it wasn't; NaN where nobody said.
    kpis : dict of str to array of float
        By name, the values that were told.
    calls : int
        Calls that the answers were given in.

    """

    at: Floats
    waited: Floats
    followed: Floats
    kpis: dict[str, Floats]
    calls: int

    @property
    def rows(self) -> int:
        """How many answers."""
        return int(self.at.size)


def read_back(window: Window, version: int | None = None) -> CameBack:
    """Read what came back about the answers of a window; of one version, where it is named."""
    frame = window.frame.filter(CHOSEN if version is None else CHOSEN & (pl.col("version") == version))
    waited = (frame["received"] - frame["time"]).dt.total_microseconds().cast(pl.Float64) / 1e6
    numbers = window.kpis.join(frame.select("id"), on="id", how="semi", maintain_order="left")
    kpis = {str(name): _floats(part["value"]) for (name,), part in numbers.group_by("name", maintain_order=True)}
    return CameBack(
        at=frame["time"].dt.epoch("us").to_numpy().astype(np.float64) / 1e6,
        waited=_floats(waited),
        followed=_floats(frame["followed"]),
        kpis=kpis,
        calls=frame.select(pl.coalesce("request", "id")).to_series().n_unique(),
    )


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
