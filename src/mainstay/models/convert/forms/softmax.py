"""Multinomial logistic regression as ONNX, in float64: a linear sum per label, and their softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.models.convert.assemble import SCORES, Sheet, softmax
from mainstay.models.convert.build import Asked
from mainstay.models.convert.forms.linear import add_sum, finish

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.frameworks.softmax import SoftmaxModel
    from mainstay.models.task import Task


def convert(model: SoftmaxModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:
    """Convert a multinomial model."""
    sheet = Sheet("softmax")
    sums = sheet.add("Concat", *(add_sum(sheet, one) for one in model.sums), axis=1)
    sheet.add("Identity", softmax(sheet, sums), output=SCORES)
    return finish(sheet, columns, X, Asked(task=task, output="probability", made_from="softmax"), len(model.sums))
