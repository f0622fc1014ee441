"""Calibration of several classes: one slope and a shift for each label, on evidence alone."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.measures import classes
from mainstay.measures.scores import calibration_error
from mainstay.models.frameworks.calibrated import CalibratedModel, Line
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.training.calibrate import calibrate
from mainstay.training.class_curve import fit_class_line
from mainstay.training.folds import Folds
from mainstay.training.lesson import Learned, Lesson

LABELS = 4


def bent(factor: float, rows: int, *, seed: int = 0, shift: float = 0.0) -> tuple[Lesson, np.ndarray]:
    """Draw labels from known probabilities, and scores that are `factor` times too sure and lean to the first label."""
    dice = np.random.default_rng(seed)
    sums = dice.normal(size=(rows, LABELS)) * 1.3 + np.array([0.6, 0.2, 0.0, -0.8])
    true = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    y = (dice.random(rows)[:, None] > np.cumsum(true, axis=1)).sum(axis=1).clip(0, LABELS - 1).astype(np.float64)
    fold = dice.integers(0, 5, rows)
    parts = tuple((np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5))
    lesson = Lesson(sums, y, "multiclass", {}, frozenset(), Folds(parts, ""), 7, classes=LABELS)
    said = np.exp(factor * sums + np.array([shift, 0.0, 0.0, 0.0]))
    return lesson, said / said.sum(axis=1, keepdims=True)


def error(lesson: Lesson, scores: np.ndarray) -> float:
    return calibration_error(classes.right(lesson.y, scores), classes.likeliest(scores))


def test_slope_and_shifts_are_found_again() -> None:
    lesson, scores = bent(2.0, 20_000, shift=1.0)
    line = fit_class_line(scores, lesson.y, np.ones(lesson.y.size))
    assert line.slope == pytest.approx(0.5, abs=0.03)
    relative = np.array(line.shifts) - line.shifts[1]
    assert relative[0] == pytest.approx(-0.5, abs=0.08)
    assert np.abs(relative[2:]).max() < 0.12


def test_scores_too_sure_of_themselves_are_calmed() -> None:
    lesson, scores = bent(2.5, 2000)
    learned = calibrate(Learned(ConstantModel((0.25,) * LABELS), scores), lesson, None)
    assert isinstance(learned.model, CalibratedModel)
    assert isinstance(learned.model.curves[0], Line)
    assert learned.parameters["calibrated"] == "a slope, and a shift for each label"
    assert learned.fold_scores.sum(axis=1) == pytest.approx(np.ones(2000))
    before, after = (np.mean(classes.log_losses(lesson.y, one)) for one in (scores, learned.fold_scores))
    assert after < before - 0.05
    assert error(lesson, learned.fold_scores) < 0.5 * error(lesson, scores)


def test_what_is_calibrated_is_left_alone() -> None:
    touched = 0
    for seed in range(40):
        lesson, scores = bent(1.0, 800, seed=seed)
        model = calibrate(Learned(ConstantModel((0.25,) * LABELS), scores), lesson, None).model
        touched += isinstance(model, CalibratedModel)
    assert touched <= 4


def test_certain_scores_and_rare_labels_break_nothing() -> None:
    lesson, _ = bent(1.0, 300)
    certain = np.eye(LABELS)[np.roll(lesson.y, 1).astype(int)]
    line = fit_class_line(certain, lesson.y, np.ones(300))
    assert np.isfinite([line.slope, *line.shifts]).all()
    assert 0 < line.slope < 0.2
    few = np.where(np.arange(300) == 0, 3.0, np.arange(300) % 3)
    assert np.isfinite(fit_class_line(certain, few, np.ones(300)).shifts).all()
