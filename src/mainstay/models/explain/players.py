"""`Player`: what an explanation speaks of: a feature, or a stretch of a wide tensor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, Contract

    Floats = NDArray[np.float64]

MOST = 32
"""Stretches a tensor is told in; a reader can't weigh two thousand numbers one by one."""


@dataclass(frozen=True)
class Player:
    """Numbers of an encoded row that are explained together.

    Parameters
    ----------
    name : str
        ``"tenure"``, ``"signal[3]"``, ``"signal[0] to signal[15]"``.
    column : Column
        Where they come from.
    first, end : int
        The first of them in an encoded row, and the one after the last.

    """

    name: str
    column: AnyColumn
    first: int
    end: int


def players_of(inputs: Contract) -> tuple[Player, ...]:
    """Name what an explanation of a model with these inputs speaks of, in the order of an encoded row."""
    found, at = [], 0
    for column in inputs.features:
        names = column.slot_names
        for start, end in _stretches(column.width):
            name = names[start] if end == start + 1 else f"{names[start]} to {names[end - 1]}"
            found.append(Player(name, column, at + start, at + end))
        at += column.width
    return tuple(found)


def gathered(parts: Floats, players: Sequence[Player]) -> Floats:
    """Add up the parts of each player along the last but one axis: from (n, width, k) to (n, players, k)."""
    if parts.shape[1] == len(players):
        return parts
    return np.asarray(np.add.reduceat(parts, [player.first for player in players], axis=1))


def _stretches(width: int) -> list[tuple[int, int]]:
    cuts = np.linspace(0, width, min(width, MOST) + 1).round().astype(int).tolist()
    return list(pairwise(cuts))
