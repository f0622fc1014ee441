"""What the log adds to a row, under names that no feature has.

A table that holds these columns is split and weighed as the log is, wherever it lies: from the log itself, or from a
file that its rows were written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import polars as pl

from mainstay.data.settings import SplitBy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.data.settings import DataSettings

    Floats = NDArray[np.float64]

ID = "mainstay.id"
"""Id of the answer."""
TIME = "mainstay.time"
"""When it was answered, UTC."""
ENTITY = "mainstay.entity"
"""Pseudonym of whom it is about, where somebody was asked about twice; an answer's own id where that isn't known."""
DEGRADED = "mainstay.degraded"
"""Whether a policy of the contract, or the fallback, had to help."""
WEIGHT = "mainstay.weight"
"""How many records the row stands for."""


def stands_of(rows: pl.DataFrame) -> Floats | None:
    """Give how many records each row stands for, where the log says it; None where each is one."""
    if WEIGHT not in rows.columns:
        return None
    mass = rows.get_column(WEIGHT).cast(pl.Float64).to_numpy()
    return None if (mass == 1).all() else mass


def traceless(refused: pl.DataFrame) -> pl.DataFrame:
    """Give refused rows for a file; of those of the log no more than the id, so that who is erased there is erased."""
    return refused.select(ID, *refused.columns[-2:]) if ID in refused.columns else refused


def split_of(settings: DataSettings, names: Sequence[str]) -> DataSettings:
    """Give the settings for rows of the log: those that aren't split as the project says are split by what it has.

    Whoever is asked about twice is never on both sides; a time that is no feature is that of the answer.

    Parameters
    ----------
    settings : DataSettings
        The ``[data]`` section in force.
    names : sequence of str
        Columns of the table.

    """
    if ID not in names:
        return settings
    by = settings.split_by
    whose: Literal["random"] | SplitBy = SplitBy(group=ENTITY) if ENTITY in names else "random"
    if not isinstance(by, SplitBy):
        by = whose
    elif by.times and not set(by.times) <= set(names):
        by = SplitBy(time=TIME)
    elif by.group and by.group == settings.entity and by.group not in names:
        by = whose
    entity = settings.entity if settings.entity in names else ""
    return msgspec.structs.replace(settings, split_by=by, entity=entity)
