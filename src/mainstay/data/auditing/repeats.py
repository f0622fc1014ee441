"""Rows that repeat an earlier one, and equal features with different labels: counted by hashes, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

MOST_HASHES = 8_000_000
"""Hashes kept at most; beyond, one in two, four, ... of the different rows is followed and the counts are scaled."""


@dataclass(frozen=True)
class Repeats:
    """How often rows are there more than once.

    Parameters
    ----------
    rows : int
        Rows that were read.
    whole : int
        Rows that repeat an earlier one in every column.
    apart : int
        Rows that repeat an earlier one in every column but the ids.
    conflicts : int
        Rows whose features are there with another target as well.
    ids : tuple of str
        The columns left out.
    exact : bool
        Whether every row was followed.

    """

    rows: int
    whole: int
    apart: int
    conflicts: int
    ids: tuple[str, ...]
    exact: bool


class _Followed:
    """Hashes of one kind of row, thinned by their own value, so that equal rows stay or go together."""

    def __init__(self) -> None:
        self.parts: list[Hashes] = []
        self.shift = 0
        self.size = 0

    def add(self, hashes: Hashes, beside: Hashes | None = None) -> None:
        pairs = hashes[:, None] if beside is None else np.stack([hashes, beside], axis=1)
        pairs = pairs[self._kept(pairs)]
        self.parts.append(pairs)
        self.size += len(pairs)
        while self.size > MOST_HASHES:
            self.shift += 1
            self.parts = [part[self._kept(part)] for part in self.parts]
            self.size = sum(map(len, self.parts))

    def all(self) -> Hashes:
        return np.concatenate(self.parts) if self.parts else np.zeros((0, 1), dtype=np.uint64)

    def _kept(self, pairs: Hashes) -> NDArray[np.bool_]:
        return np.asarray((pairs[:, 0] & np.uint64((1 << self.shift) - 1)) == 0)


class RepeatCounter:
    """Counts repeats over batches.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    ids : sequence of str
        Columns that are different in each row by their nature.
    features : sequence of str
        Columns a model would see; none, and conflicts aren't counted.
    target : str
        Column of the truth; may be empty.

    """

    def __init__(self, names: Sequence[str], ids: Sequence[str], features: Sequence[str], target: str) -> None:
        self._names, self._ids = tuple(names), tuple(ids)
        self._apart = tuple(name for name in names if name not in ids)
        self._features = tuple(name for name in features if name in names and name != target)
        self._target = target if target in names else ""
        self._whole, self._rest, self._pairs = _Followed(), _Followed(), _Followed()
        self._rows = 0

    def add(self, batch: pl.DataFrame) -> None:
        """Follow the rows of a batch."""
        self._rows += batch.height
        self._rest.add(_hashes(batch, self._apart))
        if self._ids:
            self._whole.add(_hashes(batch, self._names))
        if self._features and self._target:
            known = batch.filter(batch[self._target].is_not_null())
            self._pairs.add(_hashes(known, self._features), _hashes(known, (self._target,)))

    def take(self) -> Repeats:
        """Count what was followed."""
        apart = _repeated(self._rest)
        return Repeats(
            rows=self._rows,
            whole=_repeated(self._whole) if self._ids else apart,
            apart=apart,
            conflicts=_conflicting(self._pairs),
            ids=self._ids,
            exact=not (self._rest.shift or self._whole.shift or self._pairs.shift),
        )


def _hashes(batch: pl.DataFrame, names: Sequence[str]) -> Hashes:
    if not names:
        return np.zeros(batch.height, dtype=np.uint64)
    return batch.select(names).hash_rows(seed=11).to_numpy().astype(np.uint64)


def _repeated(followed: _Followed) -> int:
    hashes = followed.all()
    return (len(hashes) - len(np.unique(hashes[:, 0]))) << followed.shift


def _conflicting(followed: _Followed) -> int:
    """Count the rows in groups of equal features that hold more than one target."""
    pairs = followed.all()
    if pairs.shape[1] < 2 or not len(pairs):
        return 0
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    features, targets = pairs[order, 0], pairs[order, 1]
    starts = np.append(True, features[1:] != features[:-1])
    group = np.cumsum(starts) - 1
    changes = np.append(False, targets[1:] != targets[:-1]) & ~starts
    torn = np.bincount(group, weights=changes) > 0
    return int(torn[group].sum()) << followed.shift
