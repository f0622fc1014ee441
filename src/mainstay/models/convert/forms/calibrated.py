"""A calibrated model as ONNX: the inner one, and its curves as a few operators behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.convert.assemble import SCORES, Sheet, behind, sigmoid, softmax, with_scores
from mainstay.models.convert.forms import to_onnx
from mainstay.models.convert.graph import read_graph
from mainstay.models.frameworks.calibrated import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.calibrated import CalibratedModel, Steps
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task

_CERTAIN = 1e-12


def convert(model: CalibratedModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:
    """Convert a model and its curves."""
    inner = with_scores(to_onnx(model.inner, columns, X, task), Path("inner"))
    proto = read_graph(inner.content, Path("inner"))
    for node in proto.graph.node:
        node.output[:] = ["inner" if name == SCORES else name for name in node.output]
    sheet, bent = Sheet("curve"), "inner"
    for curve in model.curves:
        bent = _line(sheet, bent, curve) if isinstance(curve, Line) else _steps(sheet, bent, curve)
    sheet.add("Identity", bent, output=SCORES)
    return behind(proto, sheet, inner, max(len(inner.header.columns), 1))


def _line(sheet: Sheet, scores: str, line: Line) -> str:
    said = sheet.add("Max", sheet.add("Min", scores, sheet.constant(1 - _CERTAIN)), sheet.constant(_CERTAIN))
    several = len(line.shifts) > 1
    odds = said if several else sheet.add("Div", said, sheet.add("Sub", sheet.constant(1.0), said))
    logs = sheet.add("Mul", sheet.add("Log", odds), sheet.constant(line.slope))
    shifted = sheet.add("Add", logs, sheet.constant([list(line.shifts)]))
    return softmax(sheet, shifted) if several else sigmoid(sheet, shifted)


def _steps(sheet: Sheet, scores: str, steps: Steps) -> str:
    """Add up how far a score climbs along each piece: a curve of straight lines is a sum of clipped ramps."""
    at, values = np.asarray(steps.at), np.asarray(steps.values)
    if at.size == 1:
        level = sheet.add("Mul", scores, sheet.constant(0.0))
        return sheet.add("Add", level, sheet.constant(values[0]))
    wide = np.diff(at)
    along = sheet.add("Sub", scores, sheet.constant(at[None, :-1]))
    along = sheet.add("Max", sheet.add("Min", along, sheet.constant(wide[None])), sheet.constant(0.0))
    climbed = sheet.add("Mul", along, sheet.constant((np.diff(values) / wide)[None]))
    total = sheet.add("ReduceSum", climbed, sheet.constant([1], np.int64), keepdims=1)
    return sheet.add("Add", total, sheet.constant(values[0]))
