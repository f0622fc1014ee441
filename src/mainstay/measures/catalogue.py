"""The catalogue of measures. A new measure is one entry here, of one of the shapes in `mainstay.measures.measure`."""

from __future__ import annotations

import difflib
import re
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
    RatioMeasure,
    ShareMeasure,
    SmoothMeasure,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.measures.measure import Kind

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]

_PINBALL = re.compile(r"pinball\((0?\.\d+)\)")


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
        halves=_f1_parts,
    ),
    SmoothMeasure(
        name="rmse",
        label="RMSE",
        kind="regression",
        better="lower",
        number=lambda truth, scores, _: of.rmse(truth, scores),
        parts=lambda truth, scores, _: of.rmse_influences(truth, scores),
        scale="root",
    ),
    MeanMeasure(
        name="mae",
        label="MAE",
        kind="regression",
        better="lower",
        rows=lambda truth, scores: np.asarray(np.abs(truth - scores)),
    ),
    RatioMeasure(
        name="mape",
        label="MAPE",
        kind="regression",
        better="lower",
        pair=of.relative_errors,
        scale="positive",
        left_out="their true amount is zero, and no share of it",
    ),
    SmoothMeasure(
        name="r2",
        label="R2",
        kind="regression",
        better="higher",
        number=lambda truth, scores, _: of.r2(truth, scores),
        parts=lambda truth, scores, _: of.r2_influences(truth, scores),
        scale="below_one",
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
    """Give the measure of that name for this kind of task, whose log loss is another for each; None where none is.

    Of an amount ``"pinball(0.9)"`` is one too, with any quantile between 0 and 1.
    """
    return _BY_KIND.get((kind, name)) or (_pinball(name) if kind == "regression" else None)


def measures_of(kind: Kind) -> tuple[Measure, ...]:
    """Give every measure of this kind of task, in the order a report shows them."""
    return tuple(measure for measure in _ENTRIES if measure.kind == kind)


def _pinball(name: str) -> Measure | None:
    written = _PINBALL.fullmatch(name.strip())
    quantile = float(written.group(1)) if written else 0.0
    if not 0 < quantile < 1:
        return None
    return MeanMeasure(
        name=f"pinball({quantile:g})",
        label=f"pinball loss at {quantile:g}",
        kind="regression",
        better="lower",
        rows=lambda truth, scores: of.pinball_losses(truth, scores, quantile),
    )


def find_measure(name: str, kind: Kind, own: Sequence[Measure] = ()) -> Measure:
    """Find the measure candidates are ranked on.

    Parameters
    ----------
    name : str
        As in the project file.
    kind : {"binary", "multiclass", "regression"}
        What is predicted.
    own : sequence of Measure
        The project's own.

    Raises
    ------
    ProjectError
        Where nobody knows it, it measures something else, or nothing can be ranked on it; names the nearest.

    Examples
    --------
    >>> find_measure("log_loss", "binary").better
    'lower'

    """
    known = measure_of(name, kind) or next((one for one in own if one.name == name), None)
    if known is not None and known.ranks:
        return known
    allowed = [one.name for one in (*_ENTRIES, *own) if one.kind == kind and one.ranks]
    allowed += ["pinball(0.9)"] if kind == "regression" else []
    near = difflib.get_close_matches(name, allowed, n=1)
    cure = f"Did you mean '{near[0]}'?" if near else f"Use one of {', '.join(allowed)}."
    raise ProjectError(
        f"[training] measure '{name}' is none that candidates for {TARGETS[kind]} can be ranked on.", cure
    )
