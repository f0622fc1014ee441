"""Rows to try a network on while no real ones are at hand: of the right shape, and of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns

_FEW = 16  # too few to say of an output what real rows will say of it


def stand_ins(columns: Columns) -> NDArray[np.float64]:
    """Draw encoded rows: codes and truths from those there are, numbers around zero, none of them missing.

    Parameters
    ----------
    columns : Columns
        What each number of an encoded row is.

    Returns
    -------
    array, shape (16, width)
        The same for the same columns.

    """
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(_FEW, columns.width))
    for place, column in columns.places():
        if column.labels:
            drawn[:, place] = rng.integers(0, len(column.labels), _FEW)
        elif column.kind in {"integer", "time"}:
            drawn[:, place] = rng.integers(0, 100, _FEW)
    return drawn
