"""Two columns that together know the answer to a yes/no question, though neither does alone.

Looked for in two ways: by the cells of a grid over both (one of two, both, neither), measured on rows that weren't
fitted; and by what two amounts make (their difference, sum, product or ratio, whether they are equal), where nothing is
fitted. Honest pairs reach an AUC of 0.99 on easy questions, so the limit lies far above.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.words import rows
from mainstay.measures.scores import roc_auc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

MOST_PAIR_AUC = 0.999
_MOST_PAIRED = 60
_SCREENED = 1_000
_NEAR = 0.98
_GRID = 24
_ROWS_PER_CELL = 5
_KNOWN = 0.9
_FORMS: tuple[tuple[str, Callable[[Floats, Floats], Floats]], ...] = (
    ("{} - {}", np.subtract),
    ("{} + {}", np.add),
    ("{} * {}", np.multiply),
    ("{} / {}", np.divide),
    ("{} = {}", lambda a, b: -np.abs(a - b)),
)


def telling_pairs(
    X: Floats, labels: Sequence[bool], y: Floats, fitted: Mask, powers: Floats
) -> Iterator[tuple[int, int, float, str, str]]:
    """Find the pairs of columns that tell two labels apart, where neither does alone.

    Parameters
    ----------
    X : array, shape (n, k)
        Encoded columns, NaN where missing.
    labels : sequence of bool
        Which hold codes of labels.
    y : array, shape (n,)
        0 and 1.
    fitted : array of bool, shape (n,)
        Rows to fit on; the others judge.
    powers : array, shape (k,)
        AUC of each column alone; those that are suspects themselves are left out beforehand, as NaN.

    Yields
    ------
    tuple
        The two columns' places, the AUC, what they make (``"{} - {}"``) and the evidence in words.

    """
    usable = [j for j in range(X.shape[1]) if not np.isnan(powers[j]) and _varies(X[:, j])]
    if len(usable) > _MOST_PAIRED:  # of the others only those that say nothing alone and everything together are missed
        usable = sorted(sorted(usable, key=lambda j: -powers[j])[:_MOST_PAIRED])
    if len(usable) < 2 or not 0 < y.sum() < len(y):
        return
    n = int((~fitted).sum())
    levels = max(2, min(_GRID, int(np.sqrt(fitted.sum() / _ROWS_PER_CELL))))
    places = {j: _places(X[:, j], fitted, levels, coded=labels[j]) for j in usable}
    few = np.arange(len(y)) if len(y) <= _SCREENED else np.random.default_rng(2).permutation(len(y))[:_SCREENED]
    for i, j in combinations(usable, 2):
        power, form = 0.0, "{} and {}"
        if _grid_tells(places[i], places[j], y, fitted):
            power = _grid_power(places[i], places[j], y, fitted)
        if power < MOST_PAIR_AUC and not (labels[i] or labels[j]):
            power, form = max(_form_powers(X[:, i], X[:, j], y, few), key=_power, default=(0.0, form))
        if power >= MOST_PAIR_AUC:
            words = f"together they tell the two labels apart in {rows(n)}: AUC {power:.4f}, and neither does alone"
            yield i, j, power, form, words


def _varies(x: Floats) -> bool:
    known = x[~np.isnan(x)]
    return bool(known.size) and (known.size < x.size or bool((known != known[0]).any()))


def _places(x: Floats, fitted: Mask, levels: int, *, coded: bool) -> NDArray[np.int64]:
    gone = np.isnan(x)
    known = x[fitted & ~gone]
    values = np.unique(known)
    if len(values) > levels:
        values = (
            values[:: -(-len(values) // levels)]
            if coded
            else np.unique(np.quantile(known, np.linspace(0, 1, levels + 1)[:-1]))
        )
    cut = np.searchsorted(values, np.where(gone, 0.0, x), side="right")
    return np.asarray(np.where(gone, 0, cut + 1), dtype=np.int64)


def _grid_tells(a: NDArray[np.int64], b: NDArray[np.int64], y: Floats, fitted: Mask) -> bool:
    """Screen: a grid whose cells are nearly pure on the rows it was fitted on."""
    cell = (a * (int(b.max()) + 1) + b)[fitted]
    total = np.bincount(cell)
    yes = np.bincount(cell, weights=y[fitted])
    wrong = float(np.minimum(yes, total - yes).sum())
    return bool(wrong <= 0.1 * min(y[fitted].sum(), (1 - y[fitted]).sum()))


def _grid_power(a: NDArray[np.int64], b: NDArray[np.int64], y: Floats, fitted: Mask) -> float:
    cell = a * (int(b.max()) + 1) + b
    size = int(cell.max()) + 1
    overall = float(y[fitted].mean())
    total = np.bincount(cell[fitted], minlength=size)
    yes = np.bincount(cell[fitted], weights=y[fitted], minlength=size)
    means = (yes + overall) / (total + 1.0)
    return _auc(y[~fitted], means[cell[~fitted]])


def _form_powers(a: Floats, b: Floats, y: Floats, few: NDArray[np.int64]) -> Iterator[tuple[float, str]]:
    """Measure what two amounts make; nothing is fitted, so all rows judge."""
    known = np.isfinite(a) & np.isfinite(b)
    if known.mean() < _KNOWN:
        return
    for text, form in _FORMS:
        if text == "{} / {}" and not (b[known] != 0).all():
            continue
        if not _perhaps(form(a[few], b[few])[known[few]], y[few][known[few]]):
            continue
        yield max(_both_ways(form(a, b), y, known)), text


def _perhaps(made: Floats, y: Floats) -> bool:
    """Screen by ranks, ties in any order: a form that tells two labels apart can't fail it."""
    yes = y[np.argsort(made, kind="stable")] > 0.5
    n = int(yes.sum())
    if not 0 < n < len(yes):
        return False
    above = float(np.flatnonzero(yes).sum() - n * (n - 1) / 2) / (n * (len(yes) - n))
    return max(above, 1 - above) >= _NEAR


def _power(found: tuple[float, str]) -> float:
    return found[0]  # among equals the first form, the simplest, is taken


def _both_ways(made: Floats, y: Floats, known: Mask) -> tuple[float, float]:
    power = _auc(y[known], made[known])
    return power, 1 - power


def _auc(y: Floats, scores: Floats) -> float:
    return roc_auc(y, scores) if 0 < y.sum() < len(y) else 0.0
