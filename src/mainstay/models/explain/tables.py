"""Shapley values of trees by looking them up: which demands of a leaf's path a row meets decides what the leaf adds.

A path of D features has 2^D such patterns, so their parts are worked out once (Yang 2021, Fast TreeSHAP v2); a row then
costs comparisons and one look-up per leaf, a fraction of the recursion that it equals. With o_i = 1 where a demand is
met and z_i the share of training rows that met it, feature j of a leaf of value v gets
v (o_j - z_j) * integral over t in [0, 1] of prod_{i != j} (o_i t + z_i (1 - t)).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.explain.leaves import CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.leaves import Leaf

    Floats = NDArray[np.float64]

MOST_BYTES = 96 * 2**20
_CELLS = 200_000  # of an intermediate array; there are five, and what they took stays with the process


class Tables:
    """What each feature adds, for any row. Never changes, so any number of threads may ask.

    Parameters
    ----------
    leaves : sequence of Leaf
        Of all trees.
    features : int
        Numbers of a row.

    """

    def __init__(self, leaves: Sequence[Leaf], features: int) -> None:
        grown = sorted((leaf for leaf in leaves if leaf.demands), key=lambda leaf: len(leaf.demands))
        demands = [(feature, one) for leaf in grown for feature, one in leaf.demands.items()]
        self.features = features
        self._feature = np.array([feature for feature, _ in demands], dtype=np.intp)
        self._low = np.array([one.low for _, one in demands])
        self._high = np.array([one.high for _, one in demands])
        self._missing = np.array([one.missing for _, one in demands], dtype=np.bool_)
        coded = [place for place, (_, one) in enumerate(demands) if one.mask >= 0]
        self._coded = np.array(coded, dtype=np.intp)
        self._masks = np.array([demands[place][1].mask for place in coded], dtype=np.uint64)
        self._coded_feature = self._feature[self._coded]
        widths = [len(leaf.demands) for leaf in grown]
        self._starts = np.concatenate([[0], np.cumsum(widths)])[:-1].astype(np.intp)
        self._bits = np.concatenate([1 << np.arange(width, dtype=np.int32) for width in widths])
        self._groups: list[tuple[slice, Floats, NDArray[np.intp]]] = []
        at = 0
        for width, some in groupby(grown, key=lambda leaf: len(leaf.demands)):
            mine = list(some)
            table = _table(mine, width)
            self._groups.append((slice(at, at + len(mine)), table, np.arange(len(mine)) << width))
            at += len(mine)

    def of(self, row: Floats) -> Floats:
        """Say what each feature of a row of shape (features,) adds."""
        seen = row.take(self._feature)
        met = seen > self._low
        met &= seen <= self._high
        gone = np.isnan(row)
        if gone.any():
            met |= gone[self._feature] & self._missing
        if self._coded.size:
            met[self._coded] = self._meets(row, gone)
        bits = np.add.reduceat(met * self._bits, self._starts, dtype=np.int32)
        # `take` copies whole rows, a third of the time of indexing.
        parts = [table.take(places + bits[some], axis=0).ravel() for some, table, places in self._groups]
        added: Floats = np.bincount(self._feature, np.concatenate(parts), self.features)  # type: ignore[assignment]
        return added

    def _meets(self, row: Floats, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Say which demands on categories are met; a code that no mask holds is treated as a missing one."""
        inside = ~gone & (row > -1) & (row < CODES)
        codes = np.where(inside, row, 0).astype(np.uint64)
        held = (self._masks >> codes[self._coded_feature]) & np.uint64(1)
        return np.where(inside[self._coded_feature], held.astype(np.bool_), self._missing[self._coded])


def bytes_of(leaves: Sequence[Leaf]) -> int:
    """Say how much room the tables of leaves would need."""
    return sum(8 * len(leaf.demands) << len(leaf.demands) for leaf in leaves)


def _table(leaves: Sequence[Leaf], width: int) -> Floats:
    """Work out the parts of leaves whose paths have `width` features; shape (leaves * 2^width, width)."""
    values = np.array([leaf.value for leaf in leaves])
    shares = np.array([[one.share for one in leaf.demands.values()] for leaf in leaves])
    met = (np.arange(1 << width)[:, None] >> np.arange(width) & 1).astype(np.float64)
    nodes, weights = np.polynomial.legendre.leggauss(width // 2 + 1)  # exact: the product has degree width - 1
    t, weights = (nodes + 1) / 2, weights / 2
    step = max(1, _CELLS // (met.size * t.size))
    return np.concatenate(
        [
            _parts(values[at : at + step], shares[at : at + step], met, (t, weights))
            for at in range(0, len(leaves), step)
        ]
    ).reshape(-1, width)


def _parts(values: Floats, shares: Floats, met: Floats, rule: tuple[Floats, Floats]) -> Floats:
    t, weights = rule
    factors = met[None, :, :, None] * t + shares[:, None, :, None] * (1 - t)
    width = met.shape[1]
    before, after = np.ones_like(factors), np.ones_like(factors)
    for j in range(1, width):
        before[:, :, j] = before[:, :, j - 1] * factors[:, :, j - 1]
        after[:, :, width - 1 - j] = after[:, :, width - j] * factors[:, :, width - j]
    others = (before * after) @ weights
    return np.asarray(values[:, None, None] * (met[None] - shares[:, None, :]) * others)
