"""A model that is ONNX already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task


def convert(model: OnnxModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:  # noqa: ARG001 - as every converter is called
    """Give it as it is."""
    return model
