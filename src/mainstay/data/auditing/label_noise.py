"""Label noise: rows whose label a model that never saw them finds very unlikely.

Confident learning (Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70): each row is
scored by a model fitted on other rows; a row counts as *confidently* of class j where its probability for j reaches the
mean probability that rows labelled j have for j. A row labelled i and confidently j is a suspect, if besides it its own
label gets less than one in twenty. The model is additive over binned columns with a logistic link (ridge penalty,
Newton steps, numpy alone), so it bends with each column and needs no training stack.

Labels of a question that has no sure answer are no noise: a calibrated model that gives 0.04 to a label is right to see
it in one of 25 such rows. What it expects by chance is counted beside what is found; only more than that is evidence.
Where there is evidence, the model is fitted again without the suspects, which would otherwise hide one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UNLIKELY = 0.05
"""A label is suspected where its row gives it less than this."""
MOST_ROWS = 20_000
_FOLDS = 5
_ROUNDS = 4
_BINS = 8
_MOST_LEVELS = 12
_MOST_INPUTS = 160
_MOST_LOOKED_AT = 400
_RIDGE = 1.0
_MISFIT = 2.0  # a simple model is no better calibrated in its tails than this
_STEPS = 12
_EXAMPLES = 10


class Suspects(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one label that look like those of another.

    Parameters
    ----------
    given, likely : str
        The label they have, and the one they look like.
    count, n : int
        How many, of how many rows with that label.
    expected : float
        How many the model expects by chance, if its probabilities are right and no label is wrong.
    rows : tuple of int
        Their numbers in the source, from 0, the least likely first; at most ten.

    """

    given: str
    likely: str
    count: int
    n: int
    expected: float
    rows: tuple[int, ...]


class Noise(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about wrong labels.

    Parameters
    ----------
    pairs : tuple of Suspects
        For each label.
    n : int
        Rows that were looked at.
    share : float
        Suspects beyond those expected by chance, as a share of `n`; at least 0.
    sure : bool
        Whether, before any were taken out, there are more than twice as many as expected and three standard errors
        more.

    """

    pairs: tuple[Suspects, ...]
    n: int
    share: float
    sure: bool

    @property
    def count(self) -> int:
        """All suspects."""
        return sum(pair.count for pair in self.pairs)


def find_noise(
    X: Floats, coded: Sequence[bool], y: Floats, index: NDArray[np.int64], labels: tuple[str, str]
) -> Noise | None:
    """Find rows that seem to have the wrong one of two labels.

    Parameters
    ----------
    X : array, shape (n, k)
        Encoded features, NaN where missing.
    coded : sequence of bool
        Which of them are codes of labels.
    y : array, shape (n,)
        0 or 1.
    index : array of int, shape (n,)
        Numbers of the rows in the source.
    labels : tuple of str
        How 0 and 1 are written.

    Returns
    -------
    Noise or None
        None where there are fewer than 50 rows, or fewer than 10 of a label.

    """
    if len(y) > MOST_ROWS:
        some = np.sort(np.random.default_rng(3).permutation(len(y))[:MOST_ROWS])
        X, y, index = X[some], y[some], index[some]
    if len(y) < 50 or min(y.sum(), (1 - y).sum()) < 10:
        return None
    design = _design(X, coded, y)
    chances = probabilities(design, y)
    suspect = _suspects(y, chances)
    expected = _expected(chances)
    sure = bool(suspect.sum() > max(_MISFIT * expected, expected + 3 * np.sqrt(max(expected, 1.0))))
    for _ in range(_ROUNDS if sure else 0):
        chances = probabilities(design, y, ~suspect)
        suspect = _suspects(y, chances)
    pairs = tuple(
        _pair((labels[one], labels[1 - one]), y == one, suspect, chance, index)
        for one, chance in ((0, 1 - chances), (1, chances))
    )
    beyond = max(0.0, float(suspect.sum()) - _expected(chances))
    return Noise(pairs=pairs, n=len(y), share=beyond / len(y), sure=sure)


def confident_errors(y: Floats, chances: Floats) -> NDArray[np.bool_]:
    """Mark the rows that count confidently as the other label: the off-diagonal of the confident joint.

    Parameters
    ----------
    y : array, shape (n,)
        0 or 1, as given.
    chances : array, shape (n,)
        Probability of 1, from a model that never saw the row.

    """
    reach = (float((1 - chances)[y == 0].mean()), float(chances[y == 1].mean()))
    as_zero, as_one = 1 - chances >= reach[0], chances >= reach[1]
    confident = np.where(as_zero & as_one, (chances > 0.5).astype(float), np.where(as_one, 1.0, 0.0))
    return np.asarray((as_zero | as_one) & (confident != y))


def probabilities(design: Floats, y: Floats, trusted: NDArray[np.bool_] | None = None) -> Floats:
    """Give each row the probability of 1 from a model fitted on the `trusted` rows of the other folds."""
    fold = np.random.default_rng(5).permutation(len(y)) % _FOLDS
    chances = np.empty(len(y))
    for each in range(_FOLDS):
        held = fold == each
        known = ~held if trusted is None else ~held & trusted
        weights = _fit(design[known], y[known])
        chances[held] = _logistic(design[held] @ weights)
    return chances


def _suspects(y: Floats, chances: Floats) -> NDArray[np.bool_]:
    return confident_errors(y, chances) & (_given(y, chances) < UNLIKELY)


def _expected(chances: Floats) -> float:
    """Count the unlikely labels that chance gives, had the model the true probabilities."""
    least = np.minimum(chances, 1 - chances)
    return float(least[least < UNLIKELY].sum())


def _given(y: Floats, chances: Floats) -> Floats:
    return np.asarray(np.where(y == 1, chances, 1 - chances))


def _pair(
    names: tuple[str, str],
    labelled: NDArray[np.bool_],
    suspect: NDArray[np.bool_],
    chance: Floats,
    index: NDArray[np.int64],
) -> Suspects:
    places = np.flatnonzero(suspect & labelled)
    worst = places[np.argsort(chance[places], kind="stable")][:_EXAMPLES]
    return Suspects(
        given=names[0],
        likely=names[1],
        count=len(places),
        n=int(labelled.sum()),
        expected=float(chance[chance < UNLIKELY].sum()),
        rows=tuple(int(row) for row in index[worst]),
    )


def _design(X: Floats, coded: Sequence[bool], y: Floats) -> Floats:
    """Cut every column into levels and give each level but the first a column of zeros and ones."""
    useful = range(X.shape[1])
    if len(useful) > _MOST_LOOKED_AT:  # of very many columns those that follow the target along a line
        useful = np.sort(np.argsort(-_lines(X, y), kind="stable")[:_MOST_LOOKED_AT]).tolist()
    strengths = {j: _strength(_levels(X[:, j], coded=coded[j]), y) for j in useful}  # never all at once
    kept: list[Floats] = [np.ones((len(y), 1))]
    width = 1
    for j in sorted(strengths, key=lambda each: -strengths[each]):
        if width >= _MOST_INPUTS or strengths[j] == 0:
            break
        block = _levels(X[:, j], coded=coded[j])
        if width + block.shape[1] <= _MOST_INPUTS:
            kept.append(block)
            width += block.shape[1]
    return np.concatenate(kept, axis=1)


def _lines(X: Floats, y: Floats) -> Floats:
    """Give the size of each column's correlation with the target; 0 for a constant."""
    found = np.zeros(X.shape[1])
    target = (y - y.mean()) / y.std()
    for j in range(X.shape[1]):
        known = ~np.isnan(X[:, j])
        x = X[known, j]
        spread = x.std() if x.size else 0.0
        found[j] = abs(float(((x - x.mean()) * target[known]).mean()) / spread) if spread > 0 else 0.0
    return found


def _levels(x: Floats, *, coded: bool) -> Floats:
    gone = np.isnan(x)
    known = x[~gone]
    if not known.size:
        return np.zeros((len(x), 0))
    values, counts = np.unique(known, return_counts=True)
    if coded or len(values) <= _BINS:
        most = np.sort(values[np.argsort(-counts, kind="stable")][:_MOST_LEVELS])
        columns = [(x == value).astype(np.float64) for value in most[1:]]
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
        place = np.searchsorted(edges, np.where(gone, values[0], x), side="right")
        columns = [((place == level) & ~gone).astype(np.float64) for level in range(1, len(edges) + 1)]
        spread = float(known.std())
        line = np.where(gone, 0.0, (x - known.mean()) / spread) if spread > 0 else np.zeros(len(x))
        columns.append(np.clip(line, -4, 4))
    if gone.any():
        columns.append(gone.astype(np.float64))
    return np.stack(columns, axis=1) if columns else np.zeros((len(x), 0))


def _strength(block: Floats, y: Floats) -> float:
    if not block.shape[1]:
        return 0.0
    centred, target = block - block.mean(axis=0), y - y.mean()
    spread = np.sqrt((centred**2).sum(axis=0) * (target**2).sum())
    return float(np.abs(centred.T @ target / np.where(spread > 0, spread, 1.0)).max())


def _fit(design: Floats, y: Floats) -> Floats:
    """Fit a logistic regression with a ridge penalty by Newton's steps."""
    weights = np.zeros(design.shape[1])
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[0] = 1e-6
    for _ in range(_STEPS):
        chance = _logistic(design @ weights)
        slope = design.T @ (y - chance) - penalty * weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        size = float(np.abs(step).max())
        weights += step * min(1.0, 5.0 / max(size, 1e-12))
        if size < 1e-4:
            break
    return weights


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))
