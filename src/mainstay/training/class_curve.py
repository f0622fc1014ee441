"""A calibration curve for several classes: one slope for the log probabilities, and a shift for each label.

The slope is temperature scaling, the shifts correct the shares of the labels (Guo, Pleiss, Sun and Weinberger 2017).
With few rows of a label more would be overfitting; a penalty of one row's weight holds slope and shifts near no change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.frameworks.calibrated import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CERTAIN = 1e-6
_STEPS, _CLOSE = 50, 1e-9
_LEAST_SLOPE = 1e-3  # scores are never turned around


def fit_class_line(scores: Floats, y: Floats, weights: Floats) -> Line:
    """Find slope and shifts with the least log loss, by Newton's method.

    Parameters
    ----------
    scores : array, shape (n, k)
        Probabilities of rows that the model had not seen.
    y, weights : array, shape (n,)
        Codes of their labels, and how much each row counts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.dirichlet(np.ones(3), 3000)
    >>> y = (rng.random(3000)[:, None] > np.cumsum(true, axis=1)).sum(axis=1).astype(float)
    >>> bold = true**2 / (true**2).sum(axis=1, keepdims=True)
    >>> abs(fit_class_line(bold, y, np.ones(3000)).slope - 0.5) < 0.05
    True

    """
    logs = np.log(np.clip(scores, _CERTAIN, 1 - _CERTAIN))
    true = np.eye(scores.shape[1])[y.astype(np.int64)]
    start = np.concatenate([[1.0], np.zeros(scores.shape[1])])
    found = start
    for _ in range(_STEPS):
        step: Floats = np.linalg.solve(*_newton(found, start, logs, true, weights)).astype(np.float64)
        before = _loss(found, start, logs, true, weights)
        while _loss(_ahead(found, step), start, logs, true, weights) > before and float(np.abs(step).max()) > _CLOSE:
            step = step / 2  # Newton's method overshoots where the curve is flat
        found = _ahead(found, step)
        if float(np.abs(step).max()) < _CLOSE:
            break
    return Line(float(found[0]), tuple(found[1:].tolist()))


def _ahead(found: Floats, step: Floats) -> Floats:
    ahead = found - step
    ahead[0] = max(ahead[0], _LEAST_SLOPE)
    return ahead


def _said(found: Floats, logs: Floats) -> Floats:
    sums = found[0] * logs + found[1:]
    raised = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _loss(found: Floats, start: Floats, logs: Floats, true: Floats, weights: Floats) -> float:
    said = np.clip((_said(found, logs) * true).sum(axis=1), 1e-300, 1.0)
    return float(-(weights @ np.log(said)) + 0.5 * ((found - start) ** 2).sum())


def _newton(found: Floats, start: Floats, logs: Floats, true: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Give curvature and gradient of the penalised loss."""
    said = _said(found, logs)
    off, mean = said - true, (said * logs).sum(axis=1)
    gradient = np.concatenate([[weights @ (off * logs).sum(axis=1)], weights @ off]) + (found - start)
    weighed = said * weights[:, None]
    curvature = np.eye(found.size)
    curvature[0, 0] += float((weighed * logs**2).sum() - weights @ mean**2)
    curvature[0, 1:] += (weighed * (logs - mean[:, None])).sum(axis=0)
    curvature[1:, 0] = curvature[0, 1:]
    curvature[1:, 1:] += np.diag(weighed.sum(axis=0)) - weighed.T @ said
    return curvature, gradient
