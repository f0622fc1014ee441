"""Leak suspects: columns that know the answer, alone or two together. Arrays in, suspects out.

A suspect is a column that predicts held-out rows better than honest columns do, a part of the target, or one of a
few columns that the target can be calculated from. The limits are set so that strong honest columns pass: the best
single columns of the usual public tables reach an AUC of 0.98 (breast cancer, a measurement of the tumour itself).
Kaufman, Rosset, Perlich, Stitelman (2012), Leakage in Data Mining, ACM TKDD 6(4), names the ways it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.leak_pairs import MOST_PAIR_AUC, telling_pairs
from mainstay.data.words import count, rows
from mainstay.measures.scores import r2, roc_auc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_AUC = 0.99
MOST_R2 = 0.98
MOST_PAIR_R2 = 0.999
MOST_JOINT_R2 = 0.9999
_BINS = 256
_ROWS_PER_BIN = 10
_MOST_ROWS = 20_000
_MOST_PAIRED = 80
_PART_R2, _PART_EQUAL = 0.8, 0.01
_FORMS: tuple[tuple[str, Callable[[Floats, Floats], Floats]], ...] = (
    ("{} + {}", np.add),
    ("{} - {}", np.subtract),
    ("{1} - {0}", lambda a, b: b - a),
    ("{} * {}", np.multiply),
    ("{} / {}", np.divide),
    ("{1} / {0}", lambda a, b: b / a),
)


@dataclass(frozen=True)
class Leak:
    """Columns that know the answer.

    Parameters
    ----------
    columns : tuple of str
        One, or those the target can be calculated from.
    label : str
        As a reader would write it: ``"casual + registered"``.
    measure : {"roc_auc", "r2"}
        What was measured on rows that weren't fitted.
    value, limit : float
        How much they know, and what honest columns stay below.
    n : int
        Rows it was measured on.
    words : str
        The evidence as a sentence.

    """

    columns: tuple[str, ...]
    label: str
    measure: str
    value: float
    limit: float
    n: int
    words: str


def find_leaks(X: Floats, names: Sequence[str], labels: Sequence[bool], y: Floats, kind: str) -> tuple[Leak, ...]:
    """Find the columns that know the answer.

    Parameters
    ----------
    X : array, shape (n, k)
        Encoded columns; NaN where missing, which is looked at as a value of its own.
    names : sequence of str
        Their names.
    labels : sequence of bool
        Whether a column holds codes of labels rather than amounts.
    y : array, shape (n,)
        0 and 1, codes of labels, or the amount.
    kind : {"binary", "multiclass", "regression"}
        What `y` is. Of several classes only columns that tell every label from all others alone are looked for.

    Returns
    -------
    tuple of Leak
        The columns that know it alone first, then those that know it together.

    """
    if len(y) > _MOST_ROWS:
        some = np.random.default_rng(0).permutation(len(y))[:_MOST_ROWS]
        X, y = X[some], y[some]
    fitted = _halves(len(y))
    powers = [predictive_power(X[:, j], y, fitted, kind, coded=labels[j]) for j in range(len(names))]
    judge = _JUDGES[kind]
    n = int((~fitted).sum())
    alone = [judge(X[:, j], names[j], y, (powers[j], n), coded=labels[j]) for j in range(len(names))]
    found = [leak for leak in alone if leak is not None]
    if kind == "binary":
        return (*found, *_together(X, names, labels, y, powers))
    if kind == "multiclass":
        return tuple(found)
    guilty = {leak.label for leak in found if leak.limit == MOST_R2}
    usable = [j for j in range(len(names)) if not labels[j] and names[j] not in guilty and np.isfinite(X[:, j]).all()]
    usable = [j for j in usable if X[:, j].std() > 0]
    together = _pairs(X[:, usable], [names[j] for j in usable], y)
    told = {name for leak in together for name in leak.columns}
    found = [leak for leak in found if leak.label not in told]
    return (*found, *together, *(() if together else _jointly(X[:, usable], [names[j] for j in usable], y)))


def predictive_power(x: Floats, y: Floats, fitted: NDArray[np.bool_], kind: str, *, coded: bool) -> float:
    """Measure how well one column predicts the rows it wasn't fitted on: AUC (binary) or R² (regression).

    Of several classes it is the AUC of the label that the column tells worst from all others.

    The column is cut into its labels or into up to 256 quantile bins of at least 10 fitted rows, missing values apart,
    and each bin predicts the mean target of its fitted rows.
    """
    if kind == "multiclass":
        return _least_power(x, y, fitted, coded=coded)
    bins, size = _bin(x, fitted, coded=coded)
    totals = np.bincount(bins[fitted], weights=y[fitted], minlength=size)
    counts = np.bincount(bins[fitted], minlength=size)
    overall = float(y[fitted].mean())
    means = (totals + overall) / (counts + 1.0)
    held = ~fitted
    if kind == "binary":
        return roc_auc(y[held], means[bins[held]])
    return r2(y[held], means[bins[held]])


def _least_power(x: Floats, y: Floats, fitted: NDArray[np.bool_], *, coded: bool) -> float:
    held = ~fitted
    powers = [
        predictive_power(x, (y == label).astype(np.float64), fitted, "binary", coded=coded)
        for label in np.unique(y).tolist()
        if 0 < (y[held] == label).sum() < held.sum() and (y[fitted] == label).any()
    ]
    return min(powers, default=float("nan"))


def _together(
    X: Floats, names: Sequence[str], labels: Sequence[bool], y: Floats, powers: Sequence[float]
) -> list[Leak]:
    """Find two columns that tell two labels apart together, where neither does alone."""
    fitted = _halves(len(y))
    n = int((~fitted).sum())
    unsuspected = np.array([np.nan if power >= MOST_AUC else power for power in powers])
    found = []
    for i, j, power, form, words in telling_pairs(X, labels, y, fitted, unsuspected):
        pair = (names[i], names[j])
        found.append(Leak(pair, form.format(*pair), "roc_auc", power, MOST_PAIR_AUC, n, words))
    return found


def _tells_apart(x: Floats, name: str, y: Floats, measured: tuple[float, int], *, coded: bool) -> Leak | None:
    del x, y, coded
    power, n = measured
    if not power >= MOST_AUC:
        return None
    words = f"alone it tells the two labels apart in {rows(n)} it wasn't fitted on: AUC {power:.3f}"
    return Leak((name,), name, "roc_auc", power, MOST_AUC, n, words)


def _tells_all_apart(x: Floats, name: str, y: Floats, measured: tuple[float, int], *, coded: bool) -> Leak | None:
    del x, coded
    power, n = measured
    if not power >= MOST_AUC:
        return None
    words = f"alone it tells each of {np.unique(y).size} labels from the others in {rows(n)} it wasn't fitted on"
    return Leak((name,), name, "roc_auc", power, MOST_AUC, n, f"{words}: AUC {power:.3f} at least")


def _explains(x: Floats, name: str, y: Floats, measured: tuple[float, int], *, coded: bool) -> Leak | None:
    power, n = measured
    part = _part_of_target(x, y, name) if not coded else None
    if part is not None:
        return part
    if not coded and np.isfinite(x).all():
        power = max(power, _correlation(x, y) ** 2, _correlation(_ranks(x), _ranks(y)) ** 2)
    if not power >= MOST_R2:
        return None
    words = f"alone it explains {100 * power:.1f} % of the target in {rows(n)} it wasn't fitted on"
    return Leak((name,), name, "r2", power, MOST_R2, n, words)


def _part_of_target(x: Floats, y: Floats, name: str) -> Leak | None:
    """Recognise a summand: never above the target, often equal to it, and moving with it."""
    if not np.isfinite(x).all() or (x < 0).any() or (x > y).any():
        return None
    equal = int(((x == y) & (y > 0)).sum())
    power = _correlation(x, y) ** 2
    if power < _PART_R2 or equal < _PART_EQUAL * len(y):
        return None
    words = (
        f"it looks like a part of the target: never above it, equal to it in {count(equal)} of {rows(len(y))}, "
        f"and explains {100 * power:.1f} % of it"
    )
    return Leak((name,), name, "r2", power, _PART_R2, len(y), words)


def _pairs(X: Floats, names: Sequence[str], y: Floats) -> list[Leak]:
    """Find two columns whose sum, difference, product or ratio is the target, plainly or on a log scale."""
    found = {}
    if X.shape[1] > _MOST_PAIRED:
        strongest = np.argsort([-abs(_correlation(X[:, j], y)) for j in range(X.shape[1])])[:_MOST_PAIRED]
        X, names = X[:, strongest], [names[j] for j in strongest]
    for i, j, power in _strong_pairs(X, y):
        found[(i, j)] = power
    positive = np.flatnonzero((X > 0).all(axis=0))
    if (y > 0).all() and len(positive) > 1:
        for i, j, power in _strong_pairs(np.log(X[:, positive]), np.log(y)):
            found.setdefault((int(positive[i]), int(positive[j])), power)
    return [_pair(X[:, i], X[:, j], (names[i], names[j]), y, power) for (i, j), power in found.items()]


def _strong_pairs(X: Floats, y: Floats) -> list[tuple[int, int, float]]:
    """Give the pairs whose linear combination explains the target, from the correlations alone."""
    if X.shape[1] < 2:
        return []
    R = np.atleast_2d(np.corrcoef(np.column_stack([X, y]), rowvar=False))
    strong = []
    for i, j in combinations(range(X.shape[1]), 2):
        between = R[i, j] ** 2
        if between > 1 - 1e-9:
            continue
        power = (R[i, -1] ** 2 + R[j, -1] ** 2 - 2 * R[i, -1] * R[j, -1] * R[i, j]) / (1 - between)
        if power >= MOST_PAIR_R2:
            strong.append((i, j, float(min(power, 1.0))))
    return strong


def _pair(a: Floats, b: Floats, names: tuple[str, str], y: Floats, power: float) -> Leak:
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = [(int(np.isclose(form(a, b), y, rtol=1e-6, atol=1e-9).sum()), text) for text, form in _FORMS]
    best, text = max(hits, key=lambda hit: hit[0])
    label = text.format(*names) if best > 0.9 * len(y) else " and ".join(names)
    words = (
        f"{label} is the target in {count(best)} of {rows(len(y))}"
        if best > 0.9 * len(y)
        else f"{label} together explain {100 * power:.2f} % of the target"
    )
    return Leak(names, label, "r2", power, MOST_PAIR_R2, len(y), words)


def _jointly(X: Floats, names: Sequence[str], y: Floats) -> list[Leak]:
    """Find out whether the target is a weighted sum of three or more columns."""
    if X.shape[1] < 3 or len(y) < 10 * X.shape[1]:
        return []
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    weights, *_ = np.linalg.lstsq(scaled, y - y.mean(), rcond=None)
    power = r2(y, scaled @ weights + y.mean())
    if power < MOST_JOINT_R2:
        return []
    parts = tuple(name for name, weight in zip(names, weights, strict=True) if abs(weight) > 0.01 * y.std())
    label = " + ".join(parts)
    words = f"a weighted sum of these {len(parts)} columns explains {100 * power:.2f} % of the target"
    return [Leak(parts, label, "r2", power, MOST_JOINT_R2, len(y), words)]


def _bin(x: Floats, fitted: NDArray[np.bool_], *, coded: bool) -> tuple[NDArray[np.int64], int]:
    missing = np.isnan(x)
    known = x[fitted & ~missing]
    values = np.unique(known)
    most = max(2, min(_BINS, len(known) // _ROWS_PER_BIN))
    edges = values if coded or len(values) <= most else np.unique(np.quantile(known, np.linspace(0, 1, most + 1)))
    bins = np.where(missing, 0, 1 + np.searchsorted(edges, np.where(missing, 0.0, x), side="right"))
    return bins.astype(np.int64), len(edges) + 2


def _halves(n: int) -> NDArray[np.bool_]:
    fitted = np.zeros(n, dtype=np.bool_)
    fitted[np.random.default_rng(1).permutation(n)[: n // 2]] = True
    return fitted


def _ranks(values: Floats) -> Floats:
    """Give mid-ranks: a column that is the target bent (its root, its logarithm) has the target's own."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[place], dtype=np.float64)


def _correlation(x: Floats, y: Floats) -> float:
    if x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


_JUDGES = {"binary": _tells_apart, "multiclass": _tells_all_apart, "regression": _explains}
