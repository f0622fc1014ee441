"""One feature of one window against its reference: how far it moved, whether chance did it, and what moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract.profile import OTHER, ColumnProfile
from mainstay.measures.distances import psi, psi_interval, psi_noise
from mainstay.measures.tests import g_test
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.measures.finding import Interval
    from mainstay.measures.tests import Comparison

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

FULLEST = 10  # numeric cells at most: a shift spread over fewer cells is found with fewer rows
EXPECTED = 5.0  # fewer expected rows than this and a cell is pooled with its neighbour, or with other rare labels
SCORE, PREDICTION = "score", "prediction"


@dataclass(frozen=True)
class Shift:
    """How far one feature moved.

    Parameters
    ----------
    feature : str
        Which.
    effect : float
        Population stability index with the sampling noise taken off, at least 0.
    interval : Interval
        Its 95 % interval.
    p : float
        Chance of at least this much when nothing moved.
    n : int
        Rows of the window.
    words : str
        What moved most, before and now: ``"median 64.8 -> 79.2"``.

    """

    feature: str
    effect: float
    interval: Interval
    p: float
    n: int
    words: str


def compare(reference: ColumnProfile, current: ColumnProfile, values: Floats | None = None) -> Shift:
    """Compare a window with the reference, both counted in the same cells.

    Parameters
    ----------
    reference, current : ColumnProfile
        Counts of the training rows and of the window.
    values : array, shape (n,), optional
        The window's own values, for exact quantiles in the words.

    """
    effect, test = measure(reference, current)
    n, m = int(cells(reference).sum()), int(cells(current).sum())
    return Shift(
        feature=reference.name,
        effect=effect,
        interval=psi_interval(effect, test.freedom + 1, n, m),
        p=test.p,
        n=m,
        words=what_moved(reference, current, values),
    )


def measure(reference: ColumnProfile, current: ColumnProfile) -> tuple[float, Comparison]:
    """Measure the effect (index without sampling noise, at least 0) and test whether chance did it."""
    before, now = cells(reference), cells(current)
    n, m = int(before.sum()), int(now.sum())
    groups = pool(before, m, ordered=reference.kind == "numeric")
    left, right = _sums(before, groups), _sums(now, groups)
    used = left + right > 0
    test = g_test(left[used], right[used])
    return max(psi(left[used], right[used]) - psi_noise(test.freedom + 1, n, m), 0.0), test


def cells(column: ColumnProfile) -> Counts:
    """Give the counts of a column with the missing values as the last cell."""
    return np.array([*column.counts, column.missing], dtype=np.int64)


def pool(before: Counts, rows: int, *, ordered: bool) -> NDArray[np.int64]:
    """Assign cells to groups that a window of `rows` fills well enough for a test; missing values stay alone.

    Only the reference decides, never the window, so pooling can't favour what it is about to test. Neighbouring bins
    join until a group expects `EXPECTED` rows and a tenth of the reference; rare labels join one another.

    Returns
    -------
    array of int, shape (cells,)
        Group of each cell, from 0.

    """
    present = before[:-1]
    shares = present / max(int(present.sum()), 1)
    enough = EXPECTED / max(rows, 1)
    groups = _join_neighbours(shares, max(enough, 1 / FULLEST)) if ordered else _join_rare(shares, enough)
    return np.append(groups, groups.max(initial=-1) + 1)


def score_profile(quantiles: Sequence[float], rows: int) -> ColumnProfile:
    """Rebuild the reference counts of the scores from their 101 quantiles.

    The cells lie between the deciles, with one below and one above all of them; a score that many rows share gets a
    cell of its own.
    """
    grid = np.asarray(quantiles, dtype=np.float64)
    # One empty cell below the lowest score and one above the highest: what falls there was never seen.
    edges = np.unique([np.nextafter(grid[0], -np.inf), *grid[10::10]])
    # Each gap between two quantiles holds a hundredth of the rows; a gap ends in the cell of its upper quantile.
    places = np.searchsorted(edges, grid[1:], side="left")
    counts = np.bincount(places, minlength=edges.size + 1) * rows // max(grid.size - 1, 1)
    return ColumnProfile(
        name=SCORE, kind="numeric", counts=tuple(int(c) for c in counts), edges=tuple(float(e) for e in edges)
    )


def count_scores(reference: ColumnProfile, scores: Floats) -> ColumnProfile:
    """Count scores in the cells of `reference`."""
    places = np.searchsorted(np.asarray(reference.edges), scores, side="left")
    counts = np.bincount(places, minlength=len(reference.edges) + 1)
    return ColumnProfile(
        name=reference.name, kind="numeric", counts=tuple(int(c) for c in counts), edges=reference.edges
    )


def label_profile(labels: Sequence[str], counts: Sequence[int]) -> ColumnProfile:
    """Give how often each label was predicted as the counts of a category."""
    return ColumnProfile(
        name=PREDICTION, kind="category", counts=(*(int(n) for n in counts), 0), labels=(*labels, OTHER)
    )


def what_moved(reference: ColumnProfile, current: ColumnProfile, values: Floats | None = None) -> str:
    """Say what moved most, before and now: the share missing, a label's share, or a quantile."""
    gone, gone_now = _missing_share(reference), _missing_share(current)
    if reference.kind == "category":
        before, now = _shares(reference.counts), _shares(current.counts)
        most = int(np.argmax(np.abs(now - before)))
        if abs(gone_now - gone) <= abs(now[most] - before[most]):
            return f"share of '{reference.labels[most]}' {_percent(before[most])} -> {_percent(now[most])}"
    elif abs(gone_now - gone) < 0.05 or not sum(current.counts):
        return _quantile_words(reference, current, values)
    return f"share missing {_percent(gone)} -> {_percent(gone_now)}"


def _quantile_words(reference: ColumnProfile, current: ColumnProfile, values: Floats | None) -> str:
    names = {0.5: "median", 0.1: "10 % quantile", 0.9: "90 % quantile"}
    there = None if values is None else values[~np.isnan(values)]
    pairs = {}
    for q in names:
        before = _quantile(reference, q)
        now = _exact(there, q) if there is not None and there.size else _quantile(current, q)
        pairs[q] = (before, now)
    # The median says it best unless a tail moved at least twice as far.
    gaps = {q: abs(now - before) / (1.0 if q == 0.5 else 2.0) for q, (before, now) in pairs.items()}
    most = max(gaps, key=lambda q: gaps[q])
    if gaps[most] == 0:
        return _bin_words(reference, current)
    before, now = pairs[most]
    return f"{names[most]} {number(before)} -> {number(now)}"


def _bin_words(reference: ColumnProfile, current: ColumnProfile) -> str:
    before, now = _shares(reference.counts), _shares(current.counts)
    most = int(np.argmax(np.abs(now - before)))
    edges = reference.edges
    if not edges:
        return "one value before and now"
    span = f"above {number(edges[-1])}" if most == len(edges) else f"up to {number(edges[most])}"
    if 0 < most < len(edges):
        span = f"from {number(edges[most - 1])} to {number(edges[most])}"
    return f"share of values {span} {_percent(before[most])} -> {_percent(now[most])}"


def _exact(values: Floats, q: float) -> float:
    return float(np.quantile(values, q, method="inverted_cdf"))


def _quantile(column: ColumnProfile, q: float) -> float:
    if not column.edges:
        return 0.0
    counts = np.asarray(column.counts, dtype=np.float64)
    reached = int(np.searchsorted(np.cumsum(counts), q * counts.sum(), side="left"))
    return column.edges[min(reached, len(column.edges) - 1)]


def _join_neighbours(shares: Floats, enough: float) -> NDArray[np.int64]:
    """Join bins from left to right; one that no training row fell into (beyond all seen values) stays alone."""
    groups = np.zeros(shares.size, dtype=np.int64)
    group, held = 0, 0.0
    for place, share in enumerate(shares):
        if share == 0 and held > 0:
            group, held = group + 1, 0.0
        groups[place] = group
        held += float(share)
        if held >= enough * 0.999 or share == 0:
            group, held = group + 1, 0.0
    last = int(groups.max(initial=0))
    small = 0 < held < enough * 0.999 and groups[-1] == last
    if small and last and shares[groups == last - 1].any():
        groups[groups == last] = last - 1  # the last group stayed too small to stand alone
    return groups


def _join_rare(shares: Floats, enough: float) -> NDArray[np.int64]:
    rare = shares < enough
    groups = np.where(rare, 0, np.cumsum(~rare) - (0 if rare.any() else 1))
    return groups.astype(np.int64)


def _sums(counts: Counts, groups: NDArray[np.int64]) -> Counts:
    return np.bincount(groups, counts).astype(np.int64)


def _shares(counts: Sequence[int]) -> Floats:
    array = np.asarray(counts, dtype=np.float64)
    return np.asarray(array / max(array.sum(), 1.0))


def _missing_share(column: ColumnProfile) -> float:
    return column.missing / max(sum(column.counts) + column.missing, 1)


def _percent(share: float) -> str:
    return f"{number(100 * share)} %"
