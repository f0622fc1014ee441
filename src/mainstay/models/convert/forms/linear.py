"""A linear model as ONNX, in float64: the same table of terms, looked up and added up by standard operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.convert.assemble import SCORES, Sheet, sigmoid
from mainstay.models.convert.build import Asked, build_model
from mainstay.models.frameworks.linear import Labels
from mainstay.models.frameworks.onnx import Feed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.linear import LinearModel
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task


def convert(model: LinearModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:
    """Convert a linear model."""
    sheet = Sheet("linear")
    total = add_sum(sheet, model)
    sheet.add("Identity", sigmoid(sheet, total) if model.logistic else total, output=SCORES)
    return finish(sheet, columns, X, Asked(task=task, output=_said(task), made_from="linear"), 1)


def finish(sheet: Sheet, columns: Columns, X: NDArray[np.float64], asked: Asked, width: int) -> OnnxModel:
    """Make the model of a sheet whose input is the whole row, called ``features``."""
    proto = sheet.model({"features": (None, columns.width)}, SCORES, width)
    feed = Feed(name="features", start=0, width=columns.width, shape=(columns.width,))
    return build_model(proto, columns, X, asked, (feed,))


def _said(task: Task) -> str:
    return "amount" if task.kind == "regression" else "probability"


def add_sum(sheet: Sheet, model: LinearModel) -> str:
    """Add the sum of a model's terms, of shape (n, 1), before the logistic function."""
    missing = sheet.add("IsNaN", "features")
    numbers = sheet.add("Where", missing, sheet.constant(0.0), "features")  # what stands there counts no more
    slopes = [(0.0, 0.0) if isinstance(term, Labels) else (term.mean, term.slope) for term in model.terms]
    means, weights = (sheet.constant([[pair[k] for pair in slopes]]) for k in (0, 1))
    terms = sheet.add("Mul", sheet.add("Sub", numbers, means), weights)
    terms = sheet.add("Where", missing, sheet.constant([[term.missing for term in model.terms]]), terms)
    total = sheet.add("ReduceSum", terms, sheet.constant([1], np.int64), keepdims=1)
    total = sheet.add("Add", total, sheet.constant(model.intercept))
    for place, term in enumerate(model.terms):
        if isinstance(term, Labels):
            total = sheet.add("Add", total, _label(sheet, numbers, missing, place, term))
    return total


def _label(sheet: Sheet, numbers: str, missing: str, place: int, term: Labels) -> str:
    """Look the term of a category up; a code beyond its labels has the last, a missing value was counted already."""
    where = sheet.constant([place], np.int64)
    codes = sheet.add("Gather", numbers, where, axis=1)
    last = sheet.constant(len(term.terms) - 1)
    known = sheet.add(
        "And", sheet.add("GreaterOrEqual", codes, sheet.constant(0.0)), sheet.add("LessOrEqual", codes, last)
    )
    whole = sheet.add("Cast", sheet.add("Where", known, codes, last), to=7)  # int64
    found = sheet.add("Gather", sheet.constant(term.terms), whole, axis=0)
    return sheet.add("Where", sheet.add("Gather", missing, where, axis=1), sheet.constant(0.0), found)
