"""Calibration: only on evidence, cross-fitted, with the rows' weights; class weights are undone exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.measures.money import Money
from mainstay.measures.scores import calibration_error, log_loss
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.training import TrainingSettings, train
from mainstay.training.calibrate import calibrate, cross_fitted, fit_curve
from mainstay.training.folds import Folds
from mainstay.training.lesson import Learned, Lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot

    Make = Callable[..., Snapshot]


def sure_of_itself(rows: int, factor: float, *, seed: int = 0, timed: bool = False) -> tuple[Lesson, np.ndarray]:
    """Draw truth from known odds, and scores whose log odds are `factor` times too large."""
    dice = np.random.default_rng(seed)
    odds = dice.normal(-0.5, 1.2, rows)
    y = (dice.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    fold = np.arange(rows) * 5 // rows if timed else dice.integers(0, 5, rows)
    parts = [
        (np.flatnonzero(fold < k if timed else fold != k), np.flatnonzero(fold == k)) for k in range(int(timed), 5)
    ]
    lesson = Lesson(odds[:, None], y, "binary", {}, frozenset(), Folds(tuple(parts), "", timed), 7)
    return lesson, 1 / (1 + np.exp(-factor * odds))


@pytest.mark.parametrize(("rows", "kind"), [(1500, Line), (8000, Steps)])
def test_scores_too_sure_of_themselves_are_calmed(rows: int, kind: type) -> None:
    lesson, scores = sure_of_itself(rows, 2.5)
    learned = calibrate(Learned(ConstantModel(0.5), scores), lesson, None)
    assert isinstance(learned.model, CalibratedModel)
    assert isinstance(learned.model.curves[0], kind)
    assert "calibrated" in learned.parameters
    assert log_loss(lesson.y, learned.fold_scores) < log_loss(lesson.y, scores) - 0.05
    assert calibration_error(lesson.y, learned.fold_scores) < 0.5 * calibration_error(lesson.y, scores)


def test_what_is_calibrated_is_left_alone() -> None:
    """The rule asks for more than a standard error: at most about one in six by luck, and far fewer are seen."""
    touched = 0
    for seed in range(40):
        lesson, scores = sure_of_itself(1000, 1.0, seed=seed)
        touched += isinstance(calibrate(Learned(ConstantModel(0.5), scores), lesson, None).model, CalibratedModel)
    assert touched <= 4


def test_a_fold_has_no_say_in_the_curve_that_bends_it() -> None:
    lesson, scores = sure_of_itself(1000, 2.5)
    first = lesson.folds.parts[0][1]
    y = lesson.y.copy()
    y[first] = 1 - y[first]
    bent, other = cross_fitted(scores, lesson), cross_fitted(scores, replace(lesson, y=y))
    assert np.array_equal(bent[first], other[first])
    assert not np.array_equal(bent, other)


def test_in_order_of_time_a_curve_of_the_past_must_help_on_the_last_folds_too() -> None:
    lesson, scores = sure_of_itself(5000, 2.5, timed=True)
    learned = Learned(ConstantModel(0.5), scores)
    assert isinstance(calibrate(learned, lesson, None).model, CalibratedModel)
    turned = scores.copy()
    last = lesson.folds.parts[-1][1]
    turned[last] = 1 / (1 + np.exp(-lesson.X[last, 0]))  # the latest scores need no bending any more
    assert not isinstance(calibrate(replace(learned, fold_scores=turned), lesson, None).model, CalibratedModel)


def test_rows_of_no_weight_bend_nothing() -> None:
    lesson, scores = sure_of_itself(2000, 1.0)
    dice = np.random.default_rng(1)
    ignored = dice.random(2000) < 0.4
    y = np.where(ignored, 1 - lesson.y, lesson.y)
    whole = fit_curve(scores, lesson.y, np.ones(2000))
    weighed = fit_curve(scores, y, np.where(ignored, 0.0, 1.0))
    assert isinstance(whole, Line)
    assert isinstance(weighed, Line)
    assert weighed.slope == pytest.approx(whole.slope, abs=0.2)


def test_a_line_is_found_from_afar() -> None:
    for factor in (0.1, 0.5, 1.0, 4.0):
        lesson, scores = sure_of_itself(1000, factor)
        curve = fit_curve(scores, lesson.y, np.ones(1000))
        assert isinstance(curve, Line)
        assert curve.slope * factor == pytest.approx(1.0, abs=0.2)


def test_scores_that_part_the_labels_perfectly_give_a_finite_curve() -> None:
    y = np.repeat([0.0, 1.0], 50)
    curve = fit_curve(y * 0.8 + 0.1, y, np.ones(100))
    assert isinstance(curve, Line)
    assert np.isfinite(curve.slope)
    assert np.isfinite(curve.shifts).all()


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_class_weights_are_corrected_back_to_probabilities(make_snapshot: Make, name: str) -> None:
    snapshot = make_snapshot(rows=2000)
    keep = (snapshot.train.y < 0.5) | (np.random.default_rng(0).random(len(snapshot.train)) < 0.3)
    snapshot = replace(snapshot, train=snapshot.train.take(np.flatnonzero(keep)))
    settings = TrainingSettings(candidates=(name,), class_weight="balanced", calibrate=False, studies=False)
    candidate = train(snapshot, settings, Money()).candidate(name)
    assert candidate is not None
    assert candidate.parameters["class_weight"] == "balanced"
    scores, base = candidate.model.scores(snapshot.train.X), float(snapshot.train.y.mean())
    assert base < 0.25
    assert scores.mean() == pytest.approx(base, abs=0.03)
    assert np.nanmean(candidate.fold_scores) == pytest.approx(base, abs=0.03)
