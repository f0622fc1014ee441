"""`Network`: a network, and what it doesn't say of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.errors import InputError
from mainstay.models.convert.build import Asked
from mainstay.models.convert.networks.keras import from_keras, open_keras
from mainstay.models.convert.networks.onnx import from_proto, open_onnx
from mainstay.models.convert.networks.stand_ins import stand_ins
from mainstay.models.convert.networks.torch import from_torch, refuse_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task


@dataclass(frozen=True)
class Network:
    """A network, with what it doesn't say of itself; `mainstay.models.adopting.adopt` takes it as it takes a module.

    Parameters
    ----------
    made : object
        A PyTorch module, a Keras model, an ONNX ModelProto, or the path of an ``.onnx`` or ``.keras`` file.
    output : {"", "probability", "logit", "amount"}
        What its output is; empty: as its last operator says.
    output_name : str
        Of an ONNX file with several outputs the one that holds the scores.
    inputs : tuple of str
        The columns that a module's arguments take, where those are called otherwise.
    labels : tuple of str or int
        The label of each column of the output; empty: as an ONNX file says, else in the order of the task's.
    rows : array, shape (n, width), optional
        Real encoded rows to hold it against; drawn ones otherwise, which say less.

    """

    made: Any
    output: str = ""
    output_name: str = ""
    inputs: tuple[str, ...] = ()
    labels: tuple[str | int, ...] = ()
    rows: NDArray[np.float64] | None = field(default=None, repr=False)

    def adopted(self, columns: Columns, task: Task) -> OnnxModel:
        """Turn it into a model that is served by ONNX Runtime.

        Raises
        ------
        InputError
            Where it is nothing that can be read, or doesn't fit the columns or the task.
        GateError
            Where the converted network answers differently.

        """
        X = stand_ins(columns) if self.rows is None else self.rows
        made = _read(self.made)
        kind = _package(made)
        asked = Asked(
            task=task, output=self.output, output_name=self.output_name, labels=self.labels, made_from=kind or "onnx"
        )
        if isinstance(made, Path):
            return open_onnx(made, columns, X, asked)
        if kind == "onnx":
            return from_proto(made, columns, X, asked)
        if kind == "keras":
            return from_keras(made, columns, X, asked)
        if kind == "torch":
            return from_torch(made, columns, X, asked, inputs=self.inputs)
        raise InputError(
            f"A {type(made).__module__}.{type(made).__qualname__} is no network that can be converted.",
            "Give a PyTorch module, a Keras model, an ONNX ModelProto, or the path of an .onnx or .keras file.",
        )


def _read(made: Any) -> Any:
    """Read a file of Keras; leave one of ONNX to its reader, and refuse those that could run code."""
    if not isinstance(made, str | Path):
        return made
    path = Path(made)
    if path.suffix == ".keras":
        return open_keras(path)
    if path.suffix in {".pt", ".pt2", ".pth", ".ckpt"}:
        refuse_file(path)
    return path


def _package(made: Any) -> str:
    """Name the package a network is of: of Keras on PyTorch a model is both, and Keras' own."""
    packages = [base.__module__.split(".")[0] for base in type(made).__mro__]
    return next((name for name in ("keras", "torch", "onnx") if name in packages), "")
