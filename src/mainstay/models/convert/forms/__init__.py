"""Any model as ONNX: each framework's way is a file here of its name, with a function ``convert``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

from mainstay.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.model import Model
    from mainstay.models.task import Task


class _Converter(Protocol):
    def convert(self, model: Model, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel: ...


def convertible() -> tuple[str, ...]:
    """Name the frameworks whose models can become ONNX."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def to_onnx(model: Model, columns: Columns, X: NDArray[np.float64], task: Task) -> OnnxModel:
    """Turn a model into ONNX. Whether it answers alike is for `mainstay.models.convert.parity` to say.

    Parameters
    ----------
    model : Model
        Of any framework.
    columns : Columns
        What each number of an encoded row is.
    X : array, shape (n, width)
        Real encoded rows.
    task : Task
        What is predicted.

    Raises
    ------
    InputError
        Where nobody knows how to convert such a model.
    SetupError
        Where the converter isn't installed.

    """
    if model.framework not in convertible():
        raise InputError(
            f"A model of the framework '{model.framework}' has no form in ONNX here; these have: "
            f"{', '.join(convertible())}.",
            "It goes on being served as it is.",
        )
    converter = cast("_Converter", importlib.import_module(f"{__name__}.{model.framework}"))
    return converter.convert(model, columns, X, task)
