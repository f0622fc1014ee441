"""XGBoost's trees as ONNX, by onnxmltools: both compute in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.convert.build import Asked, build_model
from mainstay.models.convert.graph import quiet
from mainstay.models.frameworks.onnx import Feed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.frameworks.xgboost import XGBoostModel
    from mainstay.models.task import Task


def convert(model: XGBoostModel, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:
    """Convert trees.

    Raises
    ------
    SetupError
        Where XGBoost's package or onnxmltools isn't installed.
    InputError
        Where onnxmltools can't convert them.

    """
    asks = "Converting XGBoost's trees", "xgboost,onnx"
    xgboost, tools = need("xgboost", *asks), need("onnxmltools", *asks)
    numbers = need("onnxmltools.convert.common.data_types", *asks).FloatTensorType
    booster = xgboost.Booster(model_file=bytearray(model.content))
    if model.header.trees:
        booster = booster[: model.header.trees]
    booster.feature_names = booster.feature_types = None  # onnxmltools wants them numbered
    width = model.header.features
    try:
        with quiet():
            proto = tools.convert_xgboost(booster, initial_types=[("features", numbers([None, width]))])
    except Exception as error:  # noqa: BLE001 - a converter fails in its own ways
        told = " ".join(str(error).split()).split(" Stack trace")[0][:300]  # its own library's, many lines long
        raise InputError(
            f"The trees can't be written as ONNX: {told}", "They go on being served as they are."
        ) from None
    feed = Feed(name="features", start=0, width=width, shape=(width,))
    output = "amount" if task.kind == "regression" else "probability"
    return build_model(proto, columns, X, Asked(task=task, output=output, made_from="xgboost"), (feed,))
