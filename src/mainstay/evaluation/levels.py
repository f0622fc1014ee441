"""Columns cut into levels: what slices are made of."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.slices import Levels
from mainstay.models.columns import Columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.models.columns import EncodedColumn

    Floats = NDArray[np.float64]

MISSING, OTHER = "missing", "any other"
_PARTS = 4
_FEW_NUMBERS = 6
_MOST_COLUMNS = 30


def levels_of(snapshot: Snapshot, important: Sequence[str]) -> tuple[tuple[Levels, ...], tuple[Levels, ...]]:
    """Cut the columns a model sees, and the declared segments, into levels; numbers at quartiles of the training rows.

    Parameters
    ----------
    snapshot : Snapshot
        Its rows.
    important : sequence of str
        Columns by importance: the first 30 are taken. Tensors and times are left out.

    Returns
    -------
    train, test : tuple of Levels
        The same columns and labels for both sides of the split.

    """
    cut = list(_cut(snapshot, important))
    return tuple(train for train, _ in cut), tuple(test for _, test in cut)


def _cut(snapshot: Snapshot, important: Sequence[str]) -> Iterator[tuple[Levels, Levels]]:
    ranks = {name: rank for rank, name in enumerate(important)}
    columns = [one for one in Columns.of(snapshot.inputs).places() if one[1].kind not in {"tensor", "time"}]
    columns.sort(key=lambda one: ranks.get(one[1].name, len(ranks)))
    train, test = snapshot.train, snapshot.test
    for name in snapshot.segments:
        if name not in snapshot.inputs.feature_names:
            texts = np.concatenate([train.segments[name], test.segments[name]])
            names, places = np.unique(texts, return_inverse=True)
            yield _both(name, tuple(names.tolist()), places.astype(np.intp), len(train))
    for place, column in columns[:_MOST_COLUMNS]:
        values = np.concatenate([train.X[:, place], test.X[:, place]])
        labels, codes = _coded(column, values, values[: len(train)])
        yield _both(column.name, labels, codes, len(train))


def _both(name: str, labels: tuple[str, ...], codes: NDArray[np.intp], learned: int) -> tuple[Levels, Levels]:
    return Levels(name, labels, codes[:learned]), Levels(name, labels, codes[learned:])


def _coded(column: EncodedColumn, values: Floats, learned: Floats) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    missing = np.isnan(values)
    if column.labels:
        labels = (*map(_spelled, column.labels), OTHER)
        codes = np.clip(np.where(missing, 0, values), 0, len(labels) - 1)
    else:
        labels, codes = _binned(values, learned[~np.isnan(learned)])
    return (*labels, MISSING), np.where(missing, len(labels), codes).astype(np.intp)


def _binned(values: Floats, known: Floats) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    if not known.size:
        return ("any",), np.zeros(values.size, dtype=np.intp)
    distinct = np.unique(known)
    if distinct.size <= _FEW_NUMBERS:
        nearest = np.searchsorted((distinct[1:] + distinct[:-1]) / 2, values, side="left")
        return tuple(f"{value:g}" for value in distinct), nearest.astype(np.intp)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _PARTS + 1)))
    labels = tuple(f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges))
    return labels, np.searchsorted(edges[1:-1], values, side="right").astype(np.intp)


def _spelled(label: object) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)
