"""The linear baseline: logistic, multinomial or ridge regression on standardised numbers and one column per label."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mainstay.extras import need
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.training.lesson import Learned
from mainstay.training.losses import loss_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.frameworks.linear import Term
    from mainstay.models.model import Model
    from mainstay.training.lesson import Fit, Lesson

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

STRENGTHS = (1.0, 0.3, 0.1, 0.03)  # of scikit-learn's C; of its alpha the inverse. The default comes first
_WIDE = 300  # columns above which a Newton step (cubic in them) costs more than it saves
_CHEAP = 5e7  # rows times columns squared, up to which the strength of the penalty is chosen, not taken


def fit_linear(lesson: Lesson) -> Learned:
    """Fit the baseline; on a small table with the strength of penalty that the folds like best.

    For each fold the *other* folds choose, so that no row's own loss has a say in the model that scores it.
    """
    lesson.say("linear: fitting")
    strengths = STRENGTHS if lesson.y.size * _width(lesson) ** 2 <= _CHEAP else STRENGTHS[:1]
    found = [lesson.fold_scores(_fitter(lesson, one)) for one in strengths]
    losses = np.array([[_loss(lesson, one[score], score) for _, score in lesson.folds.parts] for one in found])
    weights = np.asarray([learn.size for learn, _ in lesson.folds.parts], dtype=np.float64)
    scores = lesson.unscored()
    for fold, (_, score) in enumerate(lesson.folds.parts):
        others = np.where(np.arange(weights.size) == fold, 0.0, weights)
        scores[score] = found[int(np.argmin(losses @ (others if others.any() else weights)))][score]
    strength = strengths[int(np.argmin(losses @ weights))]
    fit = _fitter(lesson, strength)
    penalty = {"alpha": 1 / strength} if lesson.kind == "regression" else {"C": strength}
    model = fit(lesson.X, lesson.y, lesson.weights)
    return Learned(model, scores, {**penalty, "seed": lesson.seed}, refit=fit)


def _fitter(lesson: Lesson, strength: float) -> Fit:
    def fit(X: Floats, y: Floats, weights: Floats | None) -> Model:
        return _fit((X, y, weights), lesson, strength)

    return fit


def _width(lesson: Lesson) -> int:
    return sum(lesson.labels.get(j, 1) + 1 for j in range(lesson.X.shape[1]))


def _loss(lesson: Lesson, scores: Floats, places: Places) -> float:
    weights = None if lesson.weights is None else lesson.weights[places]
    return loss_of(lesson.kind, lesson.y[places], scores, weights)


def _fit(rows: tuple[Floats, Floats, Floats | None], lesson: Lesson, strength: float) -> Model:
    X, y, weights = rows
    logistic = lesson.kind != "regression"
    if np.ptp(y) == 0:  # a first block of time may hold one label only
        return ConstantModel(float(y[0]) if not logistic else float((y.sum() + 0.5) / (y.size + 1)))
    blocks = [_columns(X[:, j], lesson.labels.get(j, 0)) for j in range(X.shape[1])]
    design = np.concatenate([block for block, _ in blocks], axis=1)
    filled = design.any(axis=0)  # most columns of missing values hold none, and would only cost time
    slopes = np.zeros((lesson.classes, design.shape[1]))
    slopes[:, filled], intercepts = _solve(design[:, filled], y, weights, lesson, strength)
    edges = np.cumsum([block.shape[1] for block, _ in blocks])[:-1]

    def made(slopes: Floats, intercept: float, *, logistic: bool) -> LinearModel:
        parts = np.split(slopes, edges)
        terms = tuple(_term(part, scaling) for part, (_, scaling) in zip(parts, blocks, strict=True))
        return LinearModel(intercept, terms, logistic)

    if lesson.classes == 1:
        return made(slopes[0], float(intercepts[0]), logistic=logistic)
    return SoftmaxModel(tuple(made(*one, logistic=False) for one in zip(slopes, intercepts.tolist(), strict=True)))


def _columns(x: Floats, labels: int) -> tuple[Floats, tuple[float, float] | None]:
    """Turn a feature into columns, the last of them for missing values; with mean and spread where it is a number."""
    gone = np.isnan(x)
    if labels:
        codes = np.where(gone, labels, np.clip(np.nan_to_num(x), 0, labels - 1)).astype(np.int64)
        return np.eye(labels + 1)[codes], None
    there = x[~gone]
    mean = float(np.mean(there)) if there.size else 0.0
    spread = float(np.std(there)) if there.size else 0.0
    scale = spread if spread > 1e-12 * max(1.0, abs(mean)) else 0.0
    standard = np.where(gone, 0.0, (x - mean) / scale) if scale else np.zeros(x.shape)
    return np.column_stack([standard, gone.astype(np.float64)]), (mean, scale)


def _term(slopes: Floats, scaling: tuple[float, float] | None) -> Term:
    if scaling is None:
        return Labels(tuple(slopes[:-1].tolist()), float(slopes[-1]))
    mean, scale = scaling
    return Slope(mean, float(slopes[0] / scale) if scale else 0.0, float(slopes[1]))


def _solve(design: Floats, y: Floats, weights: Floats | None, lesson: Lesson, strength: float) -> tuple[Floats, Floats]:
    """Give slopes and intercepts, one row each per sum: one, or one per label of several classes."""
    models = need("sklearn.linear_model", "Training", "train")
    unfinished = need("sklearn.exceptions", "Training", "train").ConvergenceWarning
    threads = need("threadpoolctl", "Training", "train")  # comes with scikit-learn
    newton = design.shape[1] <= _WIDE and lesson.classes == 1  # of several classes not every release has its own kind
    logistic = models.LogisticRegression(C=strength, solver="newton-cholesky" if newton else "lbfgs", max_iter=500)
    estimator = models.Ridge(alpha=1 / strength) if lesson.kind == "regression" else logistic
    # One thread: beside other processes two wait for each other. Not quite converged is good enough for a baseline that
    # is judged like any other.
    with warnings.catch_warnings(), threads.threadpool_limits(1):
        warnings.simplefilter("ignore", unfinished)
        estimator.fit(design, y, sample_weight=weights)
    return np.atleast_2d(estimator.coef_), np.ravel(estimator.intercept_)
