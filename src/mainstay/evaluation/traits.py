"""Telling a row without telling whose it is: the features that matter most, numbers as bands, rare labels as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract import Boolean, Category
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import Contract

    Floats = NDArray[np.float64]

BANDS = 5
COMMON = 20
"""Rows that must share a label before it is said."""


def traits_of(
    inputs: Contract, learned: Floats, rows: Floats, important: Sequence[str], most: int = 5
) -> Callable[[int], tuple[tuple[str, str], ...]]:
    """Make what tells a row by its place.

    Parameters
    ----------
    inputs : Contract
        Describes the encoded columns; personal ones are never told.
    learned : array, shape (n, width)
        Training rows: bands are cut, and labels counted, on these.
    rows : array, shape (m, width)
        The rows to be told.
    important : sequence of str
        Names of features, most important first.
    most : int
        How many are told.

    """
    described = [column for column, _ in inputs.slots]
    places = {name: at for at, name in enumerate(inputs.encoded_names) if not described[at].personal}
    chosen = [(name, places[name], described[places[name]]) for name in important if name in places][:most]

    def tell(place: int) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, _band(learned[:, at], float(rows[place, at]), _labels(column))) for name, at, column in chosen
        )

    return tell


def _labels(column: object) -> tuple[str, ...]:
    if isinstance(column, Category):
        return tuple(map(str, column.values))
    return ("no", "yes") if isinstance(column, Boolean) else ()


def _band(learned: Floats, value: float, labels: tuple[str, ...]) -> str:
    if np.isnan(value):
        return "missing"
    if labels:
        common = int(np.sum(learned == value)) >= COMMON
        return labels[int(value)] if common and int(value) < len(labels) else "a rare label"
    there = learned[~np.isnan(learned)]
    edges = np.unique(np.quantile(there, np.linspace(0, 1, BANDS + 1))) if there.size else there
    inner = edges[1:-1]
    if not inner.size:
        return "as most" if there.size and value == there[0] else "unlike most"
    at = int(np.searchsorted(inner, value, side="right"))
    if at == 0:
        return f"below {number(float(inner[0]))}"
    if at == inner.size:
        return f"{number(float(inner[-1]))} and above"
    return f"{number(float(inner[at - 1]))} to {number(float(inner[at]))}"
