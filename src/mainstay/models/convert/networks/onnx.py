"""An ONNX file that was made elsewhere, or a ModelProto in the hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.errors import InputError
from mainstay.models.convert.build import Asked, build_model
from mainstay.models.convert.graph import package, read_graph
from mainstay.models.convert.networks.stand_ins import stand_ins
from mainstay.models.onnx_file import demand_self_contained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]


def open_onnx(path: Path, columns: Columns, X: Floats, asked: Asked) -> OnnxModel:
    """Read an ONNX file that was made elsewhere; see `build_model`.

    Raises
    ------
    CorruptError
        Where it isn't one, or needs anything beside itself.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.", "Name an ONNX file.") from None
    demand_self_contained(content, path)
    return build_model(read_graph(content, path), columns, X, asked)


def adopters() -> Mapping[type, Callable[[Any, Columns, Task], OnnxModel]]:
    """Say which types are taken: see `mainstay.models.adopting`."""
    return {package().ModelProto: _adopt}


def from_proto(proto: Any, columns: Columns, X: Floats, asked: Asked) -> OnnxModel:
    """Make a model of a ModelProto, which is left as it is; see `build_model`."""
    content = proto.SerializeToString()
    demand_self_contained(content, Path("The ONNX model"))
    return build_model(read_graph(content, Path("model")), columns, X, asked)


def _adopt(proto: Any, columns: Columns, task: Task) -> OnnxModel:
    return from_proto(proto, columns, stand_ins(columns), Asked(task=task))
