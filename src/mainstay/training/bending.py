"""Scores that are bent after the fit: the model, its out-of-fold scores and whatever is fitted again, alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.frameworks.calibrated import Line, bend, calibrated

if TYPE_CHECKING:
    from mainstay.models.frameworks.calibrated import Curve
    from mainstay.models.model import Model
    from mainstay.training.lesson import Fit, Floats, Learned, Lesson


def refit_through(fit: Fit | None, curve: Curve) -> Fit | None:
    """Put a curve on every model that a fit makes."""
    if fit is None:
        return None

    def bent(X: Floats, y: Floats, weights: Floats | None) -> Model:
        return calibrated(fit(X, y, weights), curve)

    return bent


def balanced(lesson: Lesson) -> Floats:
    """Give each row the weight that makes every label weigh the same, times what it weighs already; mean 1."""
    weights = np.ones(lesson.y.size) if lesson.weights is None else lesson.weights
    codes = lesson.y.astype(np.int64)
    mass = np.bincount(codes, weights=weights)
    return np.asarray(weights * (weights.sum() / (np.count_nonzero(mass) * mass[codes])))


def to_odds(learned: Learned, odds: float) -> Learned:
    """Correct what was learned from unevenly sampled labels to the odds of the world (Elkan 2001, theorem 2).

    Parameters
    ----------
    learned : Learned
        What came of the rows as they are; calibrated on them, if at all.
    odds : float
        Odds of the world, divided by those of the rows.

    """
    line = Line(1.0, (float(np.log(odds)),))
    known = np.isfinite(learned.fold_scores)
    scores = learned.fold_scores.copy()
    scores[known] = bend(scores[known], (line,))
    return replace(
        learned,
        model=calibrated(learned.model, line),
        fold_scores=scores,
        refit=refit_through(learned.refit, line),
    )


def undo_weights(learned: Learned, lesson: Lesson, fitted: Floats) -> Learned:
    """Correct what a model learned under class weights back to the labels as they are.

    Weights move the log odds by the logarithm of their ratio, so that is taken off again (Elkan 2001): the order of the
    scores keeps what the weights did for it, and they are probabilities again.

    Parameters
    ----------
    learned : Learned
        What came of the weighted fit.
    lesson : Lesson
        As it was before the class weights.
    fitted : array, shape (n,)
        The weights it was fitted with.

    """
    if learned.constant or learned.as_it_is:
        return learned
    codes = lesson.y.astype(np.int64)
    plain = np.bincount(codes, weights=lesson.weights)
    shifts = np.log(plain / plain.sum()) - np.log(np.bincount(codes, weights=fitted) / fitted.sum())
    line = Line(1.0, (float(shifts[1] - shifts[0]),) if lesson.kind == "binary" else tuple(shifts.tolist()))
    known = np.isfinite(learned.fold_scores)
    scores = learned.fold_scores.copy()
    rows = known if known.ndim == 1 else known.all(axis=1)
    scores[rows] = bend(scores[rows], (line,))
    return replace(
        learned,
        model=calibrated(learned.model, line),
        fold_scores=scores,
        parameters={**learned.parameters, "class_weight": "balanced"},
        refit=refit_through(learned.refit, line),
    )
