"""A Keras model, whose mathematics run on PyTorch here, becomes an ONNX file when it is adopted."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from mainstay.errors import InputError, SetupError
from mainstay.extras import need
from mainstay.models.convert.build import Asked
from mainstay.models.convert.graph import quiet
from mainstay.models.convert.networks.stand_ins import stand_ins
from mainstay.models.convert.networks.torch import from_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task

_BACKEND = "KERAS_BACKEND"


def package() -> ModuleType:
    """Give Keras 3 on PyTorch.

    Raises
    ------
    SetupError
        Where it isn't installed, or runs on something else already.

    """
    if "keras" not in sys.modules:
        os.environ.setdefault(_BACKEND, "torch")  # it is read when keras is imported, and never again
    keras = need("keras", "Adopting a Keras model", "keras")
    if keras.backend.backend() != "torch":
        raise SetupError(
            f"Keras runs on {keras.backend.backend()} here, and models are converted on PyTorch.",
            "Set KERAS_BACKEND=torch before Keras is imported; a saved .keras file can be read on any of them.",
        )
    return keras


def adopters() -> Mapping[type, Callable[[Any, Columns, Task], OnnxModel]]:
    """Say which types are taken: see `mainstay.models.adopting`."""

    def adopt(model: Any, columns: Columns, task: Task) -> OnnxModel:
        return from_keras(model, columns, stand_ins(columns), Asked(task=task, made_from="keras"))

    return {package().Model: adopt}


def open_keras(path: Path) -> Any:
    """Read a ``.keras`` file, refusing any code in it (Lambda layers).

    Raises
    ------
    InputError
        Where it isn't one, or brings code.

    """
    keras = package()
    try:
        with quiet():
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 - Keras raises whatever its layers do
        told = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(
            f"{path} can't be read as a Keras model without running code from it: {told.strip()[:200]}",
            "Write it with model.save('name.keras'), without Lambda layers or classes of your own.",
        ) from None


def from_keras(model: Any, columns: Columns, X: NDArray[np.float64], asked: Asked) -> OnnxModel:
    """Turn a fitted Keras model into a model that is served by ONNX Runtime.

    Parameters
    ----------
    model : keras.Model
        Fitted. Inputs as in `from_torch`; several are called as its input layers are.
    columns : Columns
        What each number of an encoded row is.
    X : array, shape (n, width)
        Real encoded rows.
    asked : Asked
        Task and output.

    """
    package()
    names = tuple(str(one.name) for one in (getattr(model, "inputs", None) or ()))

    def call(network: Any, parts: Any) -> Any:
        return network(parts[0] if len(parts) == 1 else list(parts), training=False)

    return from_torch(model, columns, X, asked, inputs=names or ("input",), call=call)
