"""The background: rows that are no person's, against which a record is compared where no exact way is known.

They are drawn from the profile, as golden records are: each feature by itself, evenly over its bins and labels, in an
order of its own. So a bundle needs no rows for its explanations, and versions made before there were any have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, ColumnProfile, Contract, Profile

    Floats = NDArray[np.float64]

ROWS = 64


def draw_background(inputs: Contract, profile: Profile, *, rows: int = ROWS, seed: int = 0) -> Floats:
    """Draw encoded rows from how the training rows were spread.

    Parameters
    ----------
    inputs : Contract
        What the model sees.
    profile : Profile
        How that was spread in training.
    rows : int
        How many.
    seed : int
        Of the orders.

    Returns
    -------
    array, shape (rows, width)
        Features are independent of each other. A tensor's elements all have one value: a mean drawn from those of the
        training rows, which is all the profile keeps. What the profile says nothing of is missing.

    """
    rng = np.random.default_rng(seed)
    drawn = np.full((rows, inputs.width), np.nan)
    spread: dict[int, ColumnProfile] = {}
    for place, watched in enumerate(profile.columns):
        if watched.of != "norm":
            spread[(watched.slots or (place, place + 1))[0]] = watched
    at = 0
    for column in inputs.features:
        found = spread.get(at)
        if found is not None:
            values = _values(found, (rng.permutation(rows) + 0.5) / rows)
            drawn[:, at : at + column.width] = _fitting(column, values)[:, None]
        at += column.width
    return drawn


def _values(found: ColumnProfile, shares: Floats) -> Floats:
    """Give the values below which shares of the rows lie; missing ones come last."""
    counts = np.asarray([*found.counts, found.missing], dtype=np.float64)
    ends = np.cumsum(counts)
    if not ends[-1]:
        return np.full(shares.size, np.nan)
    wanted = shares * ends[-1]
    bins = np.minimum(np.searchsorted(ends, wanted, side="right"), counts.size - 1)
    values = np.full(shares.size, np.nan)
    there = bins < len(found.counts)
    if found.kind == "category":
        values[there] = bins[there]
        return values
    lows, highs = _ends(np.asarray(found.edges, dtype=np.float64))
    inside = (wanted - (ends - counts)[bins]) / np.maximum(counts[bins], 1.0)
    values[there] = (lows[bins[there]] * (1 - inside[there])) + highs[bins[there]] * inside[there]
    return values


def _ends(edges: Floats) -> tuple[Floats, Floats]:
    """Bound each bin: the open first one is its upper edge, the open last one is as wide as its neighbour."""
    if not edges.size:
        return np.zeros(1), np.zeros(1)
    beyond = edges[-1] + (edges[-1] - edges[-2] if edges.size > 1 else 0.0)
    return np.r_[edges[0], edges], np.r_[edges, beyond]


def _fitting(column: AnyColumn, values: Floats) -> Floats:
    """Keep values to what the column can hold: whole numbers, its limits."""
    if column.type == "integer":
        values = np.ceil(values)
    if column.type in ("integer", "number"):
        low, high = getattr(column, "min", None), getattr(column, "max", None)
        return np.clip(values, -np.inf if low is None else low, np.inf if high is None else high)
    return values
