"""The value that each row has in a segment column, as text. Pure.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.events.read import FEATURE

if TYPE_CHECKING:
    from mainstay.events.profiles.lens import Lens

MISSING = "missing"


def segment_values(frame: pl.DataFrame, lens: Lens, segment: str) -> pl.Series:
    """Give the value of each row in a segment column, as text; of numbers the quarter of the reference they fall in."""
    cells, cuts = frame[FEATURE + segment], _quarters(lens, segment)
    if not cuts:
        return cells.cast(pl.String).fill_null(MISSING).alias("value")
    between = (f"{low:g} to {high:g}" for low, high in pairwise(cuts))
    texts = np.array([f"up to {cuts[0]:g}", *between, f"above {cuts[-1]:g}", MISSING])
    numbers = cells.cast(pl.Float64).fill_null(np.nan).to_numpy()
    places = np.searchsorted(cuts, np.nan_to_num(numbers), side="left")
    return pl.Series("value", texts[np.where(np.isnan(numbers), len(texts) - 1, places)])


def _quarters(lens: Lens, segment: str) -> tuple[float, ...]:
    view = lens.view(lens.version)
    if view is None:
        return ()
    found = next((column for column in view.reference.columns if column.name == segment), None)
    if found is None or found.kind == "category" or not found.edges:
        return ()
    reached = np.cumsum(found.counts) / max(sum(found.counts), 1)
    places = {int(np.searchsorted(reached, level)) for level in (0.25, 0.5, 0.75)}
    return tuple(found.edges[place] for place in sorted(places) if place < len(found.edges))
