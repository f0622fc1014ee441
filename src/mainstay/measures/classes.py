"""Scores of predictions of several classes against the truth: numpy in, a number out, and the influence of every row.

The truth is the code of each row's label, shape (n,); scores are the probabilities of the labels, shape (n, k), in the
order of the codes. A measure per label is averaged over the labels that occur (macro), each counting the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures import scores as of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]


def log_losses(truth: Floats, scores: Floats) -> Floats:
    """Log loss of each row in nats: minus the logarithm of the probability given to the true label.

    Examples
    --------
    >>> log_losses(np.array([0.0, 2.0]), np.array([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]])).round(3).tolist()
    [0.693, -0.0]

    """
    said = np.take_along_axis(scores, truth.astype(np.int64)[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.clip(said, of.SMALLEST, 1.0)))


def squared_errors(truth: Floats, scores: Floats) -> Floats:
    """Squared distance of each row's probabilities from the truth, summed over the labels: 0 to 2 (Brier 1950)."""
    return np.asarray(((scores - _true(truth, scores.shape[1])) ** 2).sum(axis=1))


def right(truth: Floats, scores: Floats) -> Floats:
    """Say of each row whether its likeliest label is the true one, 0/1."""
    return np.asarray(np.argmax(scores, axis=1) == truth, dtype=np.float64)


def likeliest(scores: Floats) -> Floats:
    """Give the probability of each row's likeliest label."""
    return np.asarray(scores.max(axis=1))


def top_scores(scores: Floats) -> Floats:
    """Give one number per row: the score itself, or of several classes the probability of the likeliest label."""
    return likeliest(scores) if scores.ndim == 2 else scores


def balanced_accuracy(truth: Floats, scores: Floats) -> float:
    """Mean over the labels that occur of the share of their rows that are predicted so.

    Examples
    --------
    >>> balanced_accuracy(np.array([0.0, 0.0, 0.0, 1.0]), np.array([[0.9, 0.1]] * 4))
    0.5

    """
    return _mean([of.ratio(*pair) for pair in _recalls(truth, scores)])


def balanced_accuracy_influences(truth: Floats, scores: Floats) -> Floats:
    """Influence of each row on the balanced accuracy, a mean of ratios."""
    return _mean_influences(truth, [of.ratio_influences(*pair) for pair in _recalls(truth, scores)])


def macro_f1(truth: Floats, scores: Floats) -> float:
    """Mean over the labels that occur or are predicted of their F1: twice the hits among predicted and true ones."""
    return _mean([of.ratio(*pair) for pair in _f1_parts(truth, scores)])


def macro_f1_influences(truth: Floats, scores: Floats) -> Floats:
    """Influence of each row on the macro F1, a mean of ratios."""
    return _mean_influences(truth, [of.ratio_influences(*pair) for pair in _f1_parts(truth, scores)])


def macro_roc_auc(truth: Floats, scores: Floats) -> float:
    """Mean over the labels that occur of the area under the ROC curve of that label against all others; NaN if one.

    Examples
    --------
    >>> sure = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]])
    >>> macro_roc_auc(np.array([0.0, 1.0, 2.0]), sure)
    1.0

    """
    return _mean(_per_label(truth, scores, of.roc_auc))


def macro_roc_auc_influences(truth: Floats, scores: Floats) -> Floats:
    """Influence of each row on the mean area: the mean of its influences on each (DeLong et al. 1988)."""
    return _mean_influences(truth, _per_label(truth, scores, of.roc_auc_influences))


def confusion(truth: Floats, predicted: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    """Count rows by true and predicted label; shape (labels, labels).

    Examples
    --------
    >>> confusion(np.array([0.0, 1.0, 1.0]), np.array([0, 0, 1]), 2).tolist()
    [[1, 0], [1, 1]]

    """
    cells = np.bincount(truth.astype(np.int64) * labels + predicted, minlength=labels * labels)
    return np.asarray(cells.reshape(labels, labels))


def _true(truth: Floats, labels: int) -> Floats:
    return np.eye(labels)[truth.astype(np.int64)]


def _recalls(truth: Floats, scores: Floats) -> list[Pair]:
    hits, true = right(truth, scores), _true(truth, scores.shape[1])
    return [(hits * one, one) for one in true.T if one.any()]


def _f1_parts(truth: Floats, scores: Floats) -> list[Pair]:
    labels = scores.shape[1]
    true, said = _true(truth, labels), np.eye(labels)[np.argmax(scores, axis=1)]
    pairs = zip(true.T, said.T, strict=True)
    return [(2 * real * told, real + told) for real, told in pairs if real.any() or told.any()]


def _per_label(truth: Floats, scores: Floats, measure: Callable[[Floats, Floats], object]) -> list[Floats]:
    """Measure each label that occurs, and isn't the only one, against all others."""
    found = []
    for place in np.unique(truth).tolist():
        mine = (truth == place).astype(np.float64)
        if not mine.all():
            found.append(np.asarray(measure(mine, scores[:, int(place)])))
    return found


def _mean(values: list[float] | list[Floats]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _mean_influences(truth: Floats, influences: list[Floats]) -> Floats:
    return np.asarray(np.mean(influences, axis=0)) if influences else np.zeros(truth.shape)
