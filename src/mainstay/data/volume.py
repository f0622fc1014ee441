"""How many records come in, from the times of the rows: what turns money per 1 000 records into money per week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.money import Capacity

DAYS: Final = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
_FEWEST = 2


def records_per_day(snapshot: Snapshot) -> float | None:
    """Give how many records come in a day; None where nothing says it.

    Rows must be split by one column of times. Counted are the rows that can be learned from or judged on, with those a
    sample left out and those that labels were thinned by (``[data] sampled``; of a bare ``prior`` it is taken that all
    rows of one label are there). Rows that were refused or have no outcome don't count, so it may be too low.
    """
    moments = _moments(snapshot)
    if moments is None or moments.size < _FEWEST:
        return None
    days = float(np.ptp(moments)) / 86400
    if days <= 0:
        return None
    sampled = [line for line in snapshot.ledger if line.step == "sample" and line.rows_out]
    factor = float(np.prod([line.rows_in / line.rows_out for line in sampled]))
    early, late = snapshot.stand_for(snapshot.train), snapshot.stand_for(snapshot.test)
    if early is not None and late is not None:
        factor *= float(np.mean([*early, *late]))
    return (moments.size - 1) / days * factor


def capacity_share(capacity: Capacity | None, snapshot: Snapshot) -> float | None:
    """Give the share of the records that can be acted on; None where it isn't known.

    That is `share` where it is said, else what `n` per period is of the records that come in.
    """
    if capacity is None or capacity.share is not None:
        return None if capacity is None else capacity.share
    daily = records_per_day(snapshot)
    if daily is None or capacity.n is None:
        return None
    return min(1.0, capacity.n / (daily * DAYS[capacity.per]))


def _moments(snapshot: Snapshot) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """Give the times of all rows, seconds since 1970; None where rows have none, or only an order."""
    name, early, late = snapshot.time, snapshot.train.times, snapshot.test.times
    if name not in snapshot.train.frame.columns or early is None or late is None:
        return None
    cells = snapshot.train.frame.get_column(name)
    numbers = cells.dtype == pl.String and cells.cast(pl.Float64, strict=False).null_count() == cells.null_count()
    if numbers or not (cells.dtype.is_temporal() or cells.dtype == pl.String):
        return None  # a year or a rank says nothing about days
    return np.concatenate([early, late])
