"""The shape of a column: counts per cell, kept with an audit, so that the next one sees what moved and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.profile import OTHER, ColumnProfile
from mainstay.measures.discoveries import adjust
from mainstay.measures.distances import psi, psi_interval, psi_noise
from mainstay.measures.finding import Interval
from mainstay.measures.tests import g_test

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

BARS = 24
"""Bars of a histogram."""
LABELS = 11
"""Labels that have a bar of their own; the others share one."""
FULLEST = 10
"""Cells that drift is looked for in: a shift spread over fewer cells is found with fewer rows."""
MOVED = 0.1
"""Effect (population stability index, noise taken off) that matters; by habit less is nothing."""
SURE = 1e-3
"""Adjusted p-value from which chance is ruled out."""
_EXPECTED = 5.0


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """How far a column moved since the audit before.

    Parameters
    ----------
    effect : float
        Population stability index with the sampling noise taken off.
    interval : Interval
        Its 95 % interval.
    p : float
        Chance of at least this much had nothing moved, adjusted for the number of columns.
    moved : bool
        Whether it is both: an effect that matters and more than chance.
    words : str
        What moved most.

    """

    effect: float
    interval: Interval
    p: float
    moved: bool
    words: str


def shape_of(name: str, cells: pl.Series, numbers: Floats | None, like: ColumnProfile | None = None) -> ColumnProfile:
    """Count the cells of a column: in the cells of an earlier shape where it fits, else in new ones.

    Parameters
    ----------
    name : str
        The column.
    cells : polars.Series
        Texts; null where missing.
    numbers : array, optional
        The same as numbers, NaN where they aren't; None for a column of labels.
    like : ColumnProfile, optional
        The shape whose cells to count in.

    """
    if numbers is None:
        kept = like.labels[:-1] if like is not None and like.kind == "category" else _labels(cells)
        return _count_labels(name, cells, kept)
    return _count(name, numbers, like, _deciles)


def bars_of(name: str, numbers: Floats, like: ColumnProfile | None = None) -> ColumnProfile:
    """Count numbers in even bars between the 0.5 % and 99.5 % quantiles, to be drawn; see `shape_of`."""
    return _count(name, numbers, like, _even)


def _count(name: str, numbers: Floats, like: ColumnProfile | None, cut: Callable[[Floats], Floats]) -> ColumnProfile:
    known = numbers[np.isfinite(numbers)]
    edges = np.asarray(like.edges) if like is not None and like.kind == "numeric" else cut(known)
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return ColumnProfile(
        name=name,
        kind="numeric",
        counts=tuple(int(n) for n in counts),
        missing=int(len(numbers) - len(known)),
        edges=tuple(float(edge) for edge in edges),
    )


def compare(pairs: Sequence[tuple[ColumnProfile, ColumnProfile]]) -> tuple[Shift, ...]:
    """Compare columns with how they were: effect and significance, adjusted for their number.

    Parameters
    ----------
    pairs : sequence of (before, now)
        Each counted in the same cells.

    """
    measured = [_measure(before, now) for before, now in pairs]
    adjusted = adjust([p for _, _, p in measured])
    return tuple(
        Shift(
            effect=effect,
            interval=interval,
            p=float(p),
            moved=effect > MOVED and bool(p <= SURE),
            words=_words(before, now),
        )
        for (before, now), (effect, interval, _), p in zip(pairs, measured, adjusted, strict=True)
    )


def _measure(before: ColumnProfile, now: ColumnProfile) -> tuple[float, Interval, float]:
    old, new = _cells(before), _cells(now)
    groups = _pool(old, int(new.sum()), ordered=before.kind == "numeric")
    left, right = (np.bincount(groups, counts).astype(np.int64) for counts in (old, new))
    used = left + right > 0
    left, right = left[used], right[used]
    test, n, m = g_test(left, right), int(left.sum()), int(right.sum())
    effect = max(psi(left, right) - psi_noise(test.freedom + 1, n, m), 0.0)
    return effect, psi_interval(effect, test.freedom + 1, n, m), test.p


def _cells(shape: ColumnProfile) -> Counts:
    return np.array([*shape.counts, shape.missing], dtype=np.int64)


def _pool(before: Counts, rows: int, *, ordered: bool) -> Counts:
    """Join cells that are too empty for a test, by the earlier counts alone; missing values stay apart."""
    shares = before[:-1] / max(int(before[:-1].sum()), 1)
    enough = max(_EXPECTED / max(rows, 1), 1 / FULLEST if ordered else 0.0)
    groups = np.zeros(len(before), dtype=np.int64)
    if not ordered:
        groups[:-1] = np.where(shares < enough, 0, np.cumsum(shares >= enough))
    else:
        reached = np.concatenate([[0.0], np.cumsum(shares)[:-1]])
        groups[:-1] = np.floor(reached / max(enough, 1e-12) + 1e-9).astype(np.int64)
        groups[:-1] = np.unique(groups[:-1], return_inverse=True)[1]
    groups[-1] = groups.max() + 1
    return groups


def _deciles(known: Floats) -> Floats:
    """Cut at deciles, each an actual value, so that one which many rows share gets a cell of its own."""
    if not known.size:
        return np.zeros(0)
    low, high = float(known.min()), float(known.max())
    if low == high:  # a cell below, one for the value itself, one above: a constant that moves is seen
        return np.array([np.nextafter(low, -np.inf), low])
    edges = np.unique(np.quantile(known, np.linspace(0, 1, FULLEST + 1)[1:-1], method="inverted_cdf"))
    return np.asarray(edges[edges < high])


def _even(known: Floats) -> Floats:
    if not known.size or known.min() == known.max():
        return np.zeros(0)
    low, high = (float(q) for q in np.quantile(known, [0.005, 0.995], method="inverted_cdf"))
    if low == high:
        low, high = float(known.min()), float(known.max())
    if (known == np.floor(known)).all():  # whole numbers: bars that hold equally many of them
        step = max(1.0, np.ceil((high - low + 1) / BARS))
        return np.asarray(np.arange(low - 0.5 + step, high + 0.5, step))
    return np.asarray(np.unique(np.linspace(low, high, BARS - 1)))


def _labels(cells: pl.Series) -> tuple[str, ...]:
    counts = cells.drop_nulls().value_counts(name="n")
    if not counts.height:
        return ()
    ordered = counts.sort(["n", cells.name], descending=[True, False]).head(LABELS)
    return tuple(ordered[cells.name].to_list())


def _count_labels(name: str, cells: pl.Series, kept: tuple[str, ...]) -> ColumnProfile:
    found = dict(cells.drop_nulls().value_counts(name="n").iter_rows())
    counts = tuple(int(found.get(label, 0)) for label in kept)
    rest = sum(found.values()) - sum(counts)
    return ColumnProfile(
        name=name,
        kind="category",
        counts=(*counts, int(rest)),
        missing=int(cells.null_count()),
        labels=(*kept, OTHER),
    )


def _words(before: ColumnProfile, now: ColumnProfile) -> str:
    old, new = (_cells(shape) / max(int(_cells(shape).sum()), 1) for shape in (before, now))
    most = int(np.argmax(np.abs(new - old)))
    return f"{_cell_name(before, most)}: {100 * old[most]:.3g} % -> {100 * new[most]:.3g} %"


def _cell_name(shape: ColumnProfile, place: int) -> str:
    if place == len(shape.counts):
        return "share missing"
    if shape.kind == "category":
        return f"share of '{shape.labels[place]}'"
    if not shape.edges:
        return "share of values"
    if place == 0:
        return f"share of values up to {shape.edges[0]:.4g}"
    if place == len(shape.edges):
        return f"share of values above {shape.edges[-1]:.4g}"
    return f"share of values from {shape.edges[place - 1]:.4g} to {shape.edges[place]:.4g}"
