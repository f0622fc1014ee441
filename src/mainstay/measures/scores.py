"""Scores of predictions against the truth: numpy in, a number out, and the influence of every row on that number.

The truth of a yes/no question is 0 or 1, its score a probability; of an amount both are amounts. All arrays have
shape (n,). Functions called ``*_influences`` give each row's share in the error of a measure (its influence function):
their mean is zero, and the standard error of the measure is ``std(influences) / sqrt(n)``. Two models measured on the
same rows are compared by subtracting their influences, row by row, which is the paired test of DeLong et al. (1988)
for the area under the curve and the paired t test for a mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMALLEST = (
    1e-12  # a probability nearer to 0 or 1 than this is counted as this: one certain mistake may not cost infinity
)


def log_losses(truth: Floats, scores: Floats) -> Floats:
    """Log loss of each row in nats: minus the logarithm of the probability given to what happened."""
    said = np.clip(np.where(truth > 0.5, scores, 1.0 - scores), SMALLEST, 1.0)
    return np.asarray(-np.log(said))


def log_loss(truth: Floats, scores: Floats) -> float:
    """Mean log loss in nats; 0 is perfect, 0.693 is tossing a coin.

    Examples
    --------
    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.8, 0.4])), 3)
    0.367

    """
    return float(np.mean(log_losses(truth, scores)))


def squared_errors(truth: Floats, scores: Floats) -> Floats:
    """Squared error of each row."""
    return np.asarray((truth - scores) ** 2)


def brier(truth: Floats, scores: Floats) -> float:
    """Brier score: mean squared error of the probabilities; 0 is perfect, 0.25 is always saying one half."""
    return float(np.mean(squared_errors(truth, scores)))


def mae(truth: Floats, scores: Floats) -> float:
    """Mean absolute error, in the unit of the target."""
    return float(np.mean(np.abs(truth - scores)))


def rmse(truth: Floats, scores: Floats) -> float:
    """Root mean squared error, in the unit of the target.

    Examples
    --------
    >>> rmse(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    1.0

    """
    return float(np.sqrt(np.mean(squared_errors(truth, scores))))


def rmse_influences(truth: Floats, scores: Floats) -> Floats:
    """Influence of each row on the RMSE (by the delta method)."""
    squares = squared_errors(truth, scores)
    root = np.sqrt(np.mean(squares))
    return np.asarray((squares - np.mean(squares)) / (2.0 * root)) if root > 0 else np.zeros_like(squares)


def relative_errors(truth: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Absolute error as a share of the truth, and 1, for each row; both 0 where the truth is 0 and there is no share.

    Their ratio of means is the mean absolute percentage error (MAPE). It weighs errors on small amounts heavily and
    rewards forecasts that are too low; the MAE has neither fault.
    """
    counts = (truth != 0).astype(np.float64)
    shares = np.abs(truth - scores) / np.where(truth != 0, np.abs(truth), 1.0)
    return np.asarray(shares * counts), counts


def pinball_losses(truth: Floats, scores: Floats, quantile: float) -> Floats:
    """Pinball loss of each row, in the unit of the target: least where `quantile` of the truths lie below the scores.

    Examples
    --------
    >>> pinball_losses(np.array([10.0, 10.0]), np.array([8.0, 12.0]), 0.9).round(2).tolist()
    [1.8, 0.2]

    References
    ----------
    Koenker and Bassett (1978), Regression Quantiles, Econometrica 46.

    """
    gap = truth - scores
    return np.asarray(np.maximum(quantile * gap, (quantile - 1) * gap))


def r2(truth: Floats, scores: Floats) -> float:
    """Share of the target's variance that is explained: 1 is perfect, 0 is always saying the mean; NaN if constant."""
    total = np.var(truth)
    return float(1.0 - np.mean(squared_errors(truth, scores)) / total) if total > 0 else float("nan")


def r2_influences(truth: Floats, scores: Floats) -> Floats:
    """Influence of each row on R2, a ratio of two means."""
    total = np.var(truth)
    if total == 0:
        return np.zeros_like(truth)
    squares = squared_errors(truth, scores)
    deviations = (truth - np.mean(truth)) ** 2
    return np.asarray(-(squares - np.mean(squares) / total * deviations) / total)


def roc_auc(truth: Floats, scores: Floats) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties counted half; NaN if one class.

    Examples
    --------
    >>> roc_auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75

    """
    above, _ = placements(truth, scores)
    return float(np.mean(above)) if above.size and above.size < truth.size else float("nan")


def roc_auc_influences(truth: Floats, scores: Floats) -> Floats:
    """Influence of each row on the area under the ROC curve (DeLong, DeLong and Clarke-Pearson 1988)."""
    positive = truth > 0.5
    share = np.mean(positive)
    influences = np.zeros(truth.shape)
    if 0 < share < 1:
        above, below = placements(truth, scores)
        area = np.mean(above)
        influences[positive] = (above - area) / share
        influences[~positive] = (below - area) / (1.0 - share)
    return influences


def average_precisions(truth: Floats, scores: Floats, weights: Floats) -> Floats:
    """Average precision under each row of `weights`, shape (b, n); shape (b,), NaN where nothing is positive."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # tied scores enter together
    weights = weights[:, order]
    hits = np.cumsum(weights * truth[order], axis=1)[:, ends]
    seen = np.cumsum(weights, axis=1)[:, ends]
    gained = np.diff(hits, axis=1, prepend=0.0)
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    total = hits[:, -1]
    area: Floats = (gained * precision).sum(axis=1)
    return np.asarray(np.where(total > 0, area / np.maximum(total, 1e-300), np.nan))


def average_precision(truth: Floats, scores: Floats) -> float:
    """Area under the precision-recall curve as the mean precision at each positive; NaN if nothing is positive."""
    return float(average_precisions(truth, scores, np.ones((1, truth.size)))[0])


def ratio(top: Floats, bottom: Floats) -> float:
    """Ratio of two means; NaN where the lower one is zero."""
    below = np.mean(bottom)
    return float(np.mean(top) / below) if below > 0 else float("nan")


def ratio_influences(top: Floats, bottom: Floats) -> Floats:
    """Influence of each row on the ratio of two means."""
    below = np.mean(bottom)
    return np.asarray((top - np.mean(top) / below * bottom) / below) if below > 0 else np.zeros_like(top)


def calibration_gaps(
    truth: Floats, scores: Floats, bins: int = 10, weights: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Compare what was said with what happened in bins of equally many rows, each counting as its weight says.

    Returns
    -------
    share, gap, error : arrays, shape (bins,)
        Share of the rows in each bin, mean truth minus mean score there, and the standard error of that gap. Rows of
        one score stay together, so there may be fewer bins than asked for.

    """
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1])) if scores.size else np.empty(0)
    where = np.searchsorted(edges, scores, side="right")
    _, where = np.unique(where, return_inverse=True)
    if weights is not None:
        return _weighted_gaps(truth, scores, where, weights)
    counts = np.bincount(where).astype(np.float64)
    gap = np.bincount(where, truth - scores) / counts
    said = np.bincount(where, scores) / counts
    # The variance that the scores themselves claim: it can't vanish by luck as that of three rows of one label does.
    happened = np.bincount(where, truth) / counts
    variance = np.maximum(np.bincount(where, scores * (1 - scores)) / counts, happened * (1 - happened))
    error = np.sqrt(np.maximum(variance, said * 1e-9) / counts)
    return counts / truth.size, gap, error


def _weighted_gaps(
    truth: Floats, scores: Floats, where: NDArray[np.intp], weights: Floats
) -> tuple[Floats, Floats, Floats]:
    mass = np.bincount(where, weights)
    gap = np.bincount(where, weights * (truth - scores)) / mass
    seen = np.bincount(where, (weights * (truth - scores - gap[where])) ** 2)
    # As without weights, the spread that the scores themselves claim: it can't vanish by luck in a bin of one label.
    up, down = (float(np.mean(weights[part])) if part.any() else 1.0 for part in (truth > 0.5, truth <= 0.5))
    thinned = scores / up / (scores / up + (1 - scores) / down)
    claimed = np.bincount(where, thinned * (up * (1 - scores)) ** 2 + (1 - thinned) * (down * scores) ** 2)
    return mass / mass.sum(), gap, np.sqrt(np.maximum(np.maximum(seen, claimed), mass * 1e-12)) / mass


def calibration_error(truth: Floats, scores: Floats, bins: int = 10) -> float:
    """Give the expected calibration error as the field computes it: mean distance of score and truth, 0 to 1.

    Chance alone makes it positive for a perfectly calibrated model, the more the fewer the rows; the estimate in
    `mainstay.measures.intervals.calibration_estimate` takes that off.
    """
    if truth.size == 0:
        return float("nan")
    share, gap, _ = calibration_gaps(truth, scores, bins)
    return float(share @ np.abs(gap))


def placements(truth: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives below it, for each negative the share of positives above it.

    Ties count half. Both have the area under the ROC curve as their mean.
    """
    positive = truth > 0.5
    ups, downs = np.sort(scores[positive]), np.sort(scores[~positive])
    if not ups.size or not downs.size:
        return np.empty(ups.size), np.empty(downs.size)
    mine, theirs = scores[positive], scores[~positive]
    above = np.searchsorted(downs, mine, "left") + np.searchsorted(downs, mine, "right")
    below = np.searchsorted(ups, theirs, "left") + np.searchsorted(ups, theirs, "right")
    return above / (2.0 * downs.size), 1.0 - below / (2.0 * ups.size)
