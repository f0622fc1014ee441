"""LightGBM's trees as ONNX, by onnxmltools. Thresholds and features become float32 there, which parity has to allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import SetupError
from mainstay.models.convert.assemble import fill_in
from mainstay.models.convert.build import Asked, build_model
from mainstay.models.convert.graph import quiet
from mainstay.models.frameworks.onnx import Feed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.lightgbm import LightGBMModel
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task


def convert(model: LightGBMModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:
    """Convert trees.

    Raises
    ------
    SetupError
        Where LightGBM's package or onnxmltools isn't installed.

    """
    try:
        import lightgbm  # noqa: PLC0415 - a second to import, only needed to convert
        from onnxmltools import convert_lightgbm  # noqa: PLC0415 - as above
        from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415 - as above
    except ImportError:
        raise SetupError(
            "Converting LightGBM's trees needs lightgbm and onnxmltools.", "pip install 'mainstay[train,onnx]'"
        ) from None
    with quiet():
        booster = lightgbm.Booster(model_str=model.text)
        types = [("features", FloatTensorType([None, columns.width]))]
        proto = convert_lightgbm(booster, initial_types=types, zipmap=False)
    fill_in(proto, model.fills, columns.width)
    feed = Feed(name="features", start=0, width=columns.width, shape=(columns.width,))
    return build_model(proto, columns, X, Asked(task=task, made_from="lightgbm"), (feed,))
