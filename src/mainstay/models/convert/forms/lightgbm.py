"""LightGBM's trees as ONNX, by onnxmltools. Thresholds and features become float32 there, which parity has to allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.extras import need
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
    asks = "Converting LightGBM's trees", "train,onnx"
    lightgbm, tools = need("lightgbm", *asks), need("onnxmltools", *asks)
    numbers = need("onnxmltools.convert.common.data_types", *asks).FloatTensorType
    with quiet():
        booster = lightgbm.Booster(model_str=model.text)
        types = [("features", numbers([None, columns.width]))]
        proto = tools.convert_lightgbm(booster, initial_types=types, zipmap=False)
    fill_in(proto, model.fills, columns.width)
    feed = Feed(name="features", start=0, width=columns.width, shape=(columns.width,))
    return build_model(proto, columns, X, Asked(task=task, made_from="lightgbm"), (feed,))
