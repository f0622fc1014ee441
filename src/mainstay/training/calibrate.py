"""Calibration on evidence: a curve is put on a candidate only where it helped on rows that had no say in it.

Platt's line where rows are few, isotonic regression where there are many: a line has two numbers to learn, isotonic
dozens (Niculescu-Mizil and Caruana 2005 draw the line at about a thousand). The curve that is judged is cross-fitted:
each fold's scores are bent by what the other folds say, in order of time by what came before. It must lower the log
loss by more than the standard error of the difference, and in order of time on each of the last folds too: under a
shift of the base rate a curve of the past does harm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.extras import need
from mainstay.measures import classes
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.scores import log_losses
from mainstay.models.frameworks.calibrated import Line, Steps, calibrated
from mainstay.training.bending import refit_through
from mainstay.training.class_curve import fit_class_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters
    from mainstay.models.frameworks.calibrated import Curve
    from mainstay.training.lesson import Floats, Learned, Lesson

    Places = NDArray[np.int64]

MANY = 1000  # rows of the rarer label, from which isotonic regression is learned
_LAST = 2  # folds that must agree in order of time
_BIN = 100  # rows of a bin that isotonic regression sees, at least; at most 50 bins
_BINS = 50
_CERTAIN = 1e-6
_STEPS, _CLOSE = 50, 1e-9


def calibrate(learned: Learned, lesson: Lesson, clusters: Clusters | None) -> Learned:
    """Put a curve on a candidate that gives probabilities, where that helps; else give it back as it is.

    A model that came as it is has scored rows it may have seen: nothing to learn a curve from.
    """
    if lesson.kind == "regression" or learned.constant or learned.as_it_is:
        return learned
    bent = cross_fitted(learned.fold_scores, lesson)
    if not _helps(learned.fold_scores, bent, lesson, clusters):
        return learned
    scored = lesson.folds.scored
    curve = fit_curve(learned.fold_scores[scored], lesson.y[scored], _weights(lesson, scored))
    line = "a line through the log odds (Platt)" if lesson.kind == "binary" else "a slope, and a shift for each label"
    words = line if isinstance(curve, Line) else "isotonic regression"
    return replace(
        learned,
        model=calibrated(learned.model, curve),
        fold_scores=np.where(np.isfinite(bent), bent, learned.fold_scores),
        parameters={**learned.parameters, "calibrated": words},
        refit=refit_through(learned.refit, curve),
    )


def fit_curve(scores: Floats, y: Floats, weights: Floats) -> Curve:
    """Fit a line through the log odds, or isotonic regression where there are `MANY` rows of both labels.

    Of several classes it is a line always: one slope, and a shift for each label.

    Parameters
    ----------
    scores, y, weights : array, shape (n,), scores of several classes (n, k)
        Probabilities of rows that the model had not seen, their truth, and how much each counts (1 on average).

    """
    if scores.ndim == 2:
        return fit_class_line(scores, y, weights)
    rare = min(float(y.sum()), float(y.size - y.sum()))
    return _isotonic(scores, y, weights) if rare >= MANY else _platt(scores, y, weights)


def cross_fitted(scores: Floats, lesson: Lesson) -> Floats:
    """Bend each fold's scores by a curve of the other folds, of the earlier ones in order of time; NaN without any."""
    bent = lesson.unscored()
    for learn, score in _turns(lesson):
        if np.unique(lesson.y[learn]).size == max(2, lesson.classes):
            curve = fit_curve(scores[learn], lesson.y[learn], _weights(lesson, learn))
            bent[score] = curve.bend(scores[score])
    return bent


def _weights(lesson: Lesson, places: Places) -> Floats:
    if lesson.weights is None or not lesson.weights[places].any():
        return np.ones(places.size)
    return np.asarray(lesson.weights[places] / lesson.weights[places].mean())


def _turns(lesson: Lesson) -> list[tuple[Places, Places]]:
    """Say which scored rows a curve is learned from, and which it bends."""
    pieces = [score for _, score in lesson.folds.parts]
    if len(pieces) == 1 and not lesson.folds.timed:  # a large table with one fold: its halves judge each other
        dealt = np.random.default_rng(lesson.seed).permutation(pieces[0])
        pieces = [np.sort(dealt[::2]), np.sort(dealt[1::2])]
    none = np.empty(0, dtype=np.int64)
    turns = []
    for k, piece in enumerate(pieces):
        others = pieces[:k] if lesson.folds.timed else [*pieces[:k], *pieces[k + 1 :]]
        turns.append((np.concatenate(others) if others else none, piece))
    return turns


def _helps(scores: Floats, bent: Floats, lesson: Lesson, clusters: Clusters | None) -> bool:
    known = np.flatnonzero(np.isfinite(bent.reshape(len(bent), -1)).all(axis=1))
    if not known.size:
        return False
    gained = np.full(len(scores), np.nan)
    measured = log_losses if scores.ndim == 1 else classes.log_losses
    losses = (measured(lesson.y[known], one[known]) for one in (scores, bent))
    gained[known] = np.subtract(*losses) * _weights(lesson, known)
    found = mean_estimate(gained[known], None if clusters is None else clusters[known])
    if not found.value > found.error * lesson.folds.stretch:
        return False
    last = [score for _, score in lesson.folds.parts][-_LAST:] if lesson.folds.timed else []
    return all(np.isfinite(gained[score]).all() and gained[score].mean() > 0 for score in last)


def _platt(scores: Floats, y: Floats, weights: Floats) -> Line:
    """Find slope and shift by Newton's method, towards Platt's targets: as if one more row of each label were there."""
    said = np.clip(scores, _CERTAIN, 1 - _CERTAIN)
    design = np.column_stack([np.log(said / (1 - said)), np.ones(y.size)])
    yes, no = float(weights @ y), float(weights @ (1 - y))
    target = np.where(y > 0.5, (yes + 1) / (yes + 2), 1 / (no + 2))
    found = np.array([0.0, float(np.log((yes + 1) / (no + 1)))])  # flat: from here Newton's method doesn't overshoot
    for _ in range(_STEPS):
        answer = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weights * (target - answer))
        curvature = (design * (weights * answer * (1 - answer))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, slope)
        found = found + np.clip(step, -2, 2)
        if float(np.abs(step).max()) < _CLOSE:
            break
    return Line(max(float(found[0]), 1e-3), (float(found[1]),))  # scores are never turned around


def _isotonic(scores: Floats, y: Floats, weights: Floats) -> Steps:
    """Learn a growing curve through the mean scores and rates of bins of equally many rows."""
    order = np.argsort(scores, kind="stable")
    bins = np.array_split(order, min(_BINS, max(2, y.size // _BIN)))
    bins = [one for one in bins if weights[one].any()]
    mean = float(np.average(y, weights=weights))
    size = np.array([weights[one].sum() for one in bins])
    said = np.array([np.average(scores[one], weights=weights[one]) for one in bins])
    rate = np.array([(weights[one] @ y[one] + mean) / (weights[one].sum() + 1) for one in bins])  # and one mean row
    at, first = np.unique(said, return_index=True)
    values = np.maximum.accumulate(_pooled(rate, size)[first])
    return Steps(tuple(at.tolist()), tuple(values.tolist()))


def _pooled(rate: Floats, size: Floats) -> Floats:
    isotonic = need("sklearn.isotonic", "Training", "train")
    return np.asarray(isotonic.isotonic_regression(rate, sample_weight=size), dtype=np.float64)
