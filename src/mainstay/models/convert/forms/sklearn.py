"""An estimator or a pipeline of scikit-learn, as it was adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.models.convert.pipeline import convert_pipeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.frameworks.sklearn import SklearnModel
    from mainstay.models.task import Task


def convert(model: SklearnModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:  # noqa: ARG001 - as every converter is called
    """Convert it; its own columns count, which know how its frame spelled the labels."""
    header = model.header
    return convert_pipeline(model.estimator, header.columns, X, task, names=header.names, take=header.take)
