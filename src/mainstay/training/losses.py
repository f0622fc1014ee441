"""From raw scores to answers, and from answers to losses, by kind of task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def answered(kind: str, raw: Floats) -> Floats:
    """Turn raw scores into what the model answers: a probability, one per class, or the amount itself."""
    if kind == "binary":
        return np.asarray(1.0 / (1.0 + np.exp(-raw)))
    if kind == "multiclass":
        raised = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    return raw


def loss_of(kind: str, y: Floats, scores: Floats, weights: Floats | None) -> float:
    """Measure answers as LightGBM does: log loss or root mean squared error, weighted where any row weighs."""
    weights = None if weights is None or not weights.any() else weights
    if kind == "regression":
        return float(np.sqrt(np.average((y - scores) ** 2, weights=weights)))
    said = np.where(y > 0.5, scores, 1 - scores) if kind == "binary" else scores[np.arange(y.size), y.astype(np.int64)]
    return float(np.average(-np.log(np.clip(said, 1e-15, 1.0)), weights=weights))
