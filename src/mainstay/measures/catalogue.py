"""The catalogue of measures. A new measure is one entry here, of one of the shapes in `mainstay.measures.measure`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import ProjectError
from mainstay.measures import scores as of
from mainstay.measures.class_measures import CLASS_ENTRIES
from mainstay.measures.measure import (
    CalibrationMeasure,
    DrawnMeasure,
    MeanMeasure,
    Measure,
    ShareMeasure,
    SmoothMeasure,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.measure import Kind

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]


def _right(truth: Floats, scores: Floats, _: float) -> Pair:
    """Count rows whose likelier label is the true one: accuracy judges predictions, so it never reads the threshold."""
    return ((scores >= 0.5) == (truth > 0.5)).astype(np.float64), np.ones(truth.size)


def _acted(scores: Floats, threshold: float) -> Floats:
    return (scores >= threshold).astype(np.float64)


def _f1_parts(truth: Floats, scores: Floats, threshold: float) -> Pair:
    acted = _acted(scores, threshold)
    return 2 * acted * truth, acted + truth


_ENTRIES: tuple[Measure, ...] = (
    MeanMeasure(name="log_loss", label="log loss", kind="binary", better="lower", rows=of.log_losses),
    MeanMeasure(name="brier", label="Brier score", kind="binary", better="lower", rows=of.squared_errors),
    SmoothMeasure(
        name="roc_auc",
        label="ROC AUC",
        kind="binary",
        better="higher",
        number=lambda truth, scores, _: of.roc_auc(truth, scores),
        parts=lambda truth, scores, _: of.roc_auc_influences(truth, scores),
        scale="share",
    ),
    DrawnMeasure(
        name="average_precision",
        label="average precision",
        kind="binary",
        better="higher",
        under=of.average_precisions,
    ),
    CalibrationMeasure(name="ece", label="calibration error", kind="binary", better="lower"),
    ShareMeasure(name="accuracy", label="accuracy", kind="binary", better="higher", pair=_right),
    ShareMeasure(
        name="precision",
        label="precision of acting",
        kind="binary",
        better="higher",
        of_decisions=True,
        pair=lambda truth, scores, threshold: (truth, _acted(scores, threshold)),
    ),
    ShareMeasure(
        name="recall",
        label="recall of acting",
        kind="binary",
        better="higher",
        of_decisions=True,
        pair=lambda truth, scores, threshold: (_acted(scores, threshold), truth),
    ),
    SmoothMeasure(
        name="f1",
        label="F1 of acting",
        kind="binary",
        better="higher",
        of_decisions=True,
        number=lambda truth, scores, threshold: of.ratio(*_f1_parts(truth, scores, threshold)),
        parts=lambda truth, scores, threshold: of.ratio_influences(*_f1_parts(truth, scores, threshold)),
        scale="share",
    ),
    SmoothMeasure(
        name="rmse",
        label="RMSE",
        kind="regression",
        better="lower",
        number=lambda truth, scores, _: of.rmse(truth, scores),
        parts=lambda truth, scores, _: of.rmse_influences(truth, scores),
        scale="positive",
    ),
    MeanMeasure(
        name="mae",
        label="MAE",
        kind="regression",
        better="lower",
        rows=lambda truth, scores: np.asarray(np.abs(truth - scores)),
    ),
    SmoothMeasure(
        name="r2",
        label="R2",
        kind="regression",
        better="higher",
        number=lambda truth, scores, _: of.r2(truth, scores),
        parts=lambda truth, scores, _: of.r2_influences(truth, scores),
    ),
    MeanMeasure(
        name="bias",
        label="mean error",
        kind="regression",
        better="lower",
        rows=lambda truth, scores: scores - truth,
        ranks=False,
    ),
    *CLASS_ENTRIES,
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ENTRIES if measure.kind != "multiclass"}
"""The measures of yes/no answers and of amounts; `measure_of` knows those of several classes too."""
DEFAULT: dict[Kind, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}
TARGETS: dict[Kind, str] = {
    "binary": "a yes/no target",
    "multiclass": "a target with several classes",
    "regression": "an amount",
}


_BY_KIND: dict[tuple[Kind, str], Measure] = {(measure.kind, measure.name): measure for measure in _ENTRIES}


def measure_of(name: str, kind: Kind) -> Measure | None:
    """Give the measure of that name for this kind of task, whose log loss is another for each; None where none is."""
    return _BY_KIND.get((kind, name))


def measures_of(kind: Kind) -> tuple[Measure, ...]:
    """Give every measure of this kind of task, in the order a report shows them."""
    return tuple(measure for measure in _ENTRIES if measure.kind == kind)


def find_measure(name: str, kind: Kind) -> Measure:
    """Find the measure candidates are ranked on.

    Raises
    ------
    ProjectError
        Where nobody knows it, it measures something else, or nothing can be ranked on it; names the nearest.

    Examples
    --------
    >>> find_measure("log_loss", "binary").better
    'lower'

    """
    allowed = [measure.name for measure in _ENTRIES if measure.kind == kind and measure.ranks]
    if name in allowed:
        return _BY_KIND[kind, name]
    near = difflib.get_close_matches(name, allowed, n=1)
    cure = f"Did you mean '{near[0]}'?" if near else f"Use one of {', '.join(allowed)}."
    raise ProjectError(
        f"[training] measure '{name}' is none that candidates for {TARGETS[kind]} can be ranked on.", cure
    )
