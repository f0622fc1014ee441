"""A network's weights as integers of 8 bits: a quarter of the memory to read for each record, which is what takes time.

Weights are rounded per output channel, and to 7 of their 8 bits: multiplied in pairs, 8 bits overflow on processors
without VNNI, silently, and a version would answer differently there. *Dynamic* rounds what flows between the layers by
the range of each record as it comes; *static* by ranges that real rows had.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.models.convert.graph import quiet, read_graph, written
from mainstay.models.frameworks.onnx import GRAPH, WHOLE, OnnxModel, runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

How = Literal["dynamic", "static"]
_LAYERS = frozenset({"MatMul", "Gemm", "Conv", "Attention", "LSTM"})
_CALIBRATED = 512  # rows that ranges are taken from


def quantize(model: OnnxModel, how: How, X: Floats) -> OnnxModel:
    """Quantise a network.

    Parameters
    ----------
    model : OnnxModel
        Of floats.
    how : {"dynamic", "static"}
        How what flows between the layers is rounded.
    X : array, shape (n, width)
        Real encoded rows of training, from which static ranges are taken.

    Returns
    -------
    OnnxModel
        A dynamic one scores each record by itself, also in a batch: the range of a batch would let a record's score
        depend on its neighbours.

    Raises
    ------
    InputError
        Where there is nothing in it that could be quantised.

    """
    proto = read_graph(model.content, Path(GRAPH))
    found = {node.op_type for node in proto.graph.node}
    if not found & _LAYERS:
        raise InputError(
            f"There is nothing to quantise: the model has no layer of weights, only {', '.join(sorted(found)[:6])}.",
            "Trees and lookups are compared, not multiplied; leave --quantize out.",
        )
    runtime()
    with TemporaryDirectory() as folder, quiet():
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        _prepared(model.content, whole)
        if how == "dynamic":
            _dynamic(whole, small)
        else:
            _static(whole, small, model, X[:_CALIBRATED])
        content = small.read_bytes()
    content = written(read_graph(content, Path(GRAPH)))
    header = msgspec.structs.replace(model.header, alone=model.header.alone or how == "dynamic", precision=WHOLE)
    return OnnxModel(content, header)


def _prepared(content: bytes, out: Path) -> None:
    """Fold constants and fuse layers first, so that what is quantised is what is run."""
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415 - only to quantise

    raw = out.with_name("raw.onnx")
    raw.write_bytes(content)
    quant_pre_process(str(raw), str(out), skip_symbolic_shape=True)


def _dynamic(whole: Path, small: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - only to quantise

    quantize_dynamic(str(whole), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def _static(whole: Path, small: Path, model: OnnxModel, X: Floats) -> None:
    from onnxruntime import quantization as ort  # noqa: PLC0415 - only to quantise

    class Rows(ort.CalibrationDataReader):  # type: ignore[misc]  # its package has no types
        """Real rows, one block at a time."""

        def __init__(self) -> None:
            self.blocks = iter(np.array_split(X, max(1, len(X) // 64)))

        def get_next(self) -> dict[str, Any] | None:
            block = next(self.blocks, None)
            return None if block is None else model.inputs(block)

    ort.quantize_static(
        str(whole),
        str(small),
        Rows(),
        quant_format=ort.QuantFormat.QDQ,
        activation_type=ort.QuantType.QUInt8,
        weight_type=ort.QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
    )
