"""Slices that a model does badly on: found on some rows, confirmed on others.

The search looks at every level of every column and at every pair of levels of two columns (Slice Finder, Chung et al.
2019, IEEE ICDE), so some look bad by luck alone. Slice Finder keeps false discoveries few by alpha-investing; here the
few worst are tested again on rows the search never saw, with Holm's correction (1979) for their number. That bounds the
chance of a single false one, and the sizes that are reported are no winners of a search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.intervals import LEVEL, Estimate, influence_estimate, unmeasured
from mainstay.measures.tests import student_sf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

CANDIDATES = 10
EFFECT = 0.2  # a difference of a fifth of the spread: "small" in Cohen's words; less helps nobody
ALPHA = 0.05
_LOOKED_AT = 200
_SEEN = 1.645  # standard errors above the rest before a slice is a candidate at all


@dataclass(frozen=True)
class Levels:
    """One column, cut into levels.

    Parameters
    ----------
    name : str
        The column.
    labels : tuple of str
        The levels.
    codes : array of int, shape (n,)
        Level of each row; -1 for none of them.

    """

    name: str
    labels: tuple[str, ...]
    codes: Places


@dataclass(frozen=True)
class Slice:
    """Rows with one level of a column, or two levels of two.

    Parameters
    ----------
    terms : tuple of (int, int)
        Place of the column and place of its level, one or two of them.
    n : int
        How many rows of the search it holds.
    effect : float
        Loss there above the loss elsewhere, in spreads, as the search saw it: too large, since it was searched for.

    """

    terms: tuple[tuple[int, int], ...]
    n: int
    effect: float

    def rows(self, columns: Sequence[Levels]) -> NDArray[np.bool_]:
        """Say which rows belong to it."""
        masks = [columns[column].codes == level for column, level in self.terms]
        return np.asarray(np.logical_and.reduce(masks))

    def words(self, columns: Sequence[Levels]) -> str:
        """Name it: ``plan=basic & tenure=1 to 8``."""
        return " & ".join(f"{columns[column].name}={columns[column].labels[level]}" for column, level in self.terms)


@dataclass(frozen=True)
class Confirmed:
    """A slice on rows the search never saw.

    Parameters
    ----------
    added : Estimate
        Mean loss there less mean loss elsewhere; its interval holds for all slices that were tested at once.
    ratio : Estimate
        Mean loss there over mean loss elsewhere; so does its interval.
    here, elsewhere : float
        The two means.
    p : float
        Chance of as much where it is no worse, by Holm for the number of slices tested.

    """

    added: Estimate
    ratio: Estimate
    here: float
    elsewhere: float
    p: float

    @property
    def real(self) -> bool:
        """Whether chance doesn't explain it."""
        return self.p <= ALPHA


def find_slices(
    losses: Floats, columns: Sequence[Levels], min_rows: int, *, most: int = CANDIDATES
) -> tuple[Slice, ...]:
    """Search for slices with a higher loss than elsewhere.

    The one that stands out most (in standard errors) comes first; each further one must still be bad without the rows
    of those before it, so that a bad pair isn't told again as each of its columns, nor a level as each of its pairs.

    Parameters
    ----------
    losses : array, shape (n,)
        Loss of each row.
    columns : sequence of Levels
        Their codes have shape (n,).
    min_rows : int
        Slices with fewer rows are not looked at, nor those that leave fewer outside.
    most : int
        How many to give at most.

    """
    total = _sums_of(losses)
    bad = [
        found
        for terms, sums in _tried(losses, columns)
        if sums.n >= min_rows and (found := _judge(terms, sums, total, min_rows))
    ]
    bad.sort(key=lambda one: (-one.effect * math.sqrt(one.n), len(one.terms)))
    chosen: list[Slice] = []
    left = np.ones(losses.size, dtype=bool)
    for one in bad[:_LOOKED_AT]:
        rows = one.rows(columns) & left
        sums, rest = _sums_of(losses[rows]), _sums_of(losses[left])
        if chosen and not _judge(one.terms, sums, rest, min_rows):
            continue
        chosen.append(one)
        left &= ~rows
        if len(chosen) == most:
            break
    return tuple(chosen)


def confirm(
    losses: Floats, columns: Sequence[Levels], slices: Sequence[Slice], clusters: Clusters | None = None
) -> tuple[Confirmed, ...]:
    """Test slices on rows the search never saw: Welch's one-sided test of each, corrected by Holm.

    Parameters
    ----------
    losses : array, shape (n,)
        Loss of each row.
    columns : sequence of Levels
        The same columns and labels as in the search, of these rows.
    slices : sequence of Slice
        What the search found.
    clusters : array of int, shape (n,), optional
        Which rows hang together.

    Returns
    -------
    tuple of Confirmed
        In the same order. The chance that any of them is called real where none is, is at most 5 %.

    """
    masks = [one.rows(columns) for one in slices]
    level = 1 - (1 - LEVEL) / max(1, len(slices))
    found = [_compared(losses, mask, clusters, level) for mask in masks]
    adjusted = holm([one.p for one in found])
    return tuple(replace(one, p=p) for one, p in zip(found, adjusted, strict=True))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number by Holm's (1979) step-down rule; NaN counts as 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    """
    raw = [1.0 if math.isnan(p) else p for p in p_values]
    order = sorted(range(len(raw)), key=raw.__getitem__)
    adjusted, highest = [1.0] * len(raw), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, raw[place] * (len(raw) - rank)))
        adjusted[place] = highest
    return adjusted


@dataclass(frozen=True)
class _Sums:
    n: float
    first: float
    second: float

    def less(self, other: _Sums) -> _Sums:
        return _Sums(self.n - other.n, self.first - other.first, self.second - other.second)

    @property
    def mean(self) -> float:
        return self.first / self.n

    @property
    def variance(self) -> float:
        return max(0.0, (self.second - self.first * self.first / self.n) / (self.n - 1))


def _sums_of(losses: Floats) -> _Sums:
    return _Sums(float(losses.size), float(losses.sum()), float(losses @ losses))


def _tried(losses: Floats, columns: Sequence[Levels]) -> Iterator[tuple[tuple[tuple[int, int], ...], _Sums]]:
    """Give every level, and every pair of levels of two columns, with its sums."""
    for place, column in enumerate(columns):
        for code, sums in _level_sums(column.codes, len(column.labels), losses):
            yield ((place, code),), sums
    for first, second in combinations(range(len(columns)), 2):
        wide = len(columns[second].labels)
        one, other = columns[first].codes, columns[second].codes
        both = np.where((one >= 0) & (other >= 0), one * wide + other, -1)
        for code, sums in _level_sums(both, len(columns[first].labels) * wide, losses):
            yield ((first, code // wide), (second, code % wide)), sums


def _level_sums(codes: Places, levels: int, losses: Floats) -> Iterator[tuple[int, _Sums]]:
    known = codes >= 0
    codes, losses = codes[known], losses[known]
    n = np.bincount(codes, minlength=levels)
    first = np.bincount(codes, losses, minlength=levels)
    second = np.bincount(codes, losses * losses, minlength=levels)
    for code in np.flatnonzero(n):
        yield int(code), _Sums(float(n[code]), float(first[code]), float(second[code]))


def _judge(terms: tuple[tuple[int, int], ...], here: _Sums, total: _Sums, min_rows: int) -> Slice | None:
    """Make a slice of it where it is large, its loss much higher than elsewhere, and not evidently by luck."""
    rest = total.less(here)
    if here.n < max(min_rows, 2) or rest.n < max(min_rows, 2):
        return None
    more = here.mean - rest.mean
    spread = math.sqrt((here.variance + rest.variance) / 2)
    error = math.sqrt(here.variance / here.n + rest.variance / rest.n)
    if more <= 0 or more < EFFECT * spread or more < _SEEN * error:
        return None
    return Slice(terms, int(here.n), more / spread if spread > 0 else math.inf)


def _compared(losses: Floats, mask: NDArray[np.bool_], clusters: Clusters | None, level: float) -> Confirmed:
    """Compare the rows of a slice with all others; p is not yet corrected."""
    n, inside = losses.size, int(mask.sum())
    if inside < 2 or n - inside < 2:
        return Confirmed(unmeasured(inside), unmeasured(inside), math.nan, math.nan, math.nan)
    here, away = float(np.mean(losses[mask])), float(np.mean(losses[~mask]))
    of_here = np.where(mask, (losses - here) * n / inside, 0.0)
    of_away = np.where(mask, 0.0, (losses - away) * n / (n - inside))
    added = influence_estimate(here - away, of_here - of_away, clusters=clusters, level=level)
    ratio = unmeasured(inside)
    if away > 0:
        parts = np.asarray(of_here / away - here / away**2 * of_away)
        ratio = influence_estimate(here / away, parts, scale="positive", clusters=clusters, level=level)
    p = math.nan
    if math.isfinite(added.error) and added.error > 0:
        freedom = inside - 1 if clusters is None else np.unique(clusters[mask]).size - 1
        p = student_sf(added.value / added.error, max(1, freedom))
    return Confirmed(replace(added, n=inside), replace(ratio, n=inside), here, away, p)
