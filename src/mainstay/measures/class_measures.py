"""The measures of several classes, as entries of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures import classes
from mainstay.measures.measure import (
    PLAIN,
    CalibrationMeasure,
    MeanMeasure,
    Measure,
    Setting,
    ShareMeasure,
    SmoothMeasure,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Estimate

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TopLabelCalibration(CalibrationMeasure):
    """The calibration error of the likeliest label's probability (Guo et al. 2017; Kumar, Liang and Ma 2019)."""

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:
        """Give the error as the field computes it, chance included."""
        return super().value(classes.right(truth, scores), classes.likeliest(scores), threshold)

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the error without chance, and the interval of a test turned around."""
        return super().estimate(classes.right(truth, scores), classes.likeliest(scores), setting)


CLASS_ENTRIES: tuple[Measure, ...] = (
    MeanMeasure(name="log_loss", label="log loss", kind="multiclass", better="lower", rows=classes.log_losses),
    MeanMeasure(name="brier", label="Brier score", kind="multiclass", better="lower", rows=classes.squared_errors),
    SmoothMeasure(
        name="macro_roc_auc",
        label="ROC AUC of each label against the others",
        kind="multiclass",
        better="higher",
        number=lambda truth, scores, _: classes.macro_roc_auc(truth, scores),
        parts=lambda truth, scores, _: classes.macro_roc_auc_influences(truth, scores),
        scale="share",
    ),
    TopLabelCalibration(name="ece", label="calibration error", kind="multiclass", better="lower"),
    ShareMeasure(
        name="accuracy",
        label="accuracy",
        kind="multiclass",
        better="higher",
        pair=lambda truth, scores, _: (classes.right(truth, scores), np.ones(truth.size)),
    ),
    SmoothMeasure(
        name="balanced_accuracy",
        label="balanced accuracy",
        kind="multiclass",
        better="higher",
        number=lambda truth, scores, _: classes.balanced_accuracy(truth, scores),
        parts=lambda truth, scores, _: classes.balanced_accuracy_influences(truth, scores),
        scale="share",
    ),
    SmoothMeasure(
        name="macro_f1",
        label="macro F1",
        kind="multiclass",
        better="higher",
        number=lambda truth, scores, _: classes.macro_f1(truth, scores),
        parts=lambda truth, scores, _: classes.macro_f1_influences(truth, scores),
        scale="share",
    ),
)
