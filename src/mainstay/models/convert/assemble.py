"""Putting ONNX graphs together: filling gaps in front of a graph, turning its output into scores behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.models.convert.graph import package, read_graph, written
from mainstay.models.frameworks.onnx import OnnxModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

SCORES = "scores"
OPSET = 18
"""Of graphs that are written here: old enough for every runtime in use."""


class Sheet:
    """A graph being written: constants and operators with names of their own.

    Parameters
    ----------
    prefix : str
        What its names start with, so that they meet no others.

    """

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._prefix = prefix
        self._helper = package().helper
        self._from_array = package().numpy_helper.from_array

    def constant(self, values: ArrayLike, dtype: Any = np.float64) -> str:
        """Add a constant; returns its name."""
        name = f"{self._prefix}.c{len(self.constants)}"
        self.constants.append(self._from_array(np.asarray(values, dtype=dtype), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operator; returns the name of its output."""
        name = output or f"{self._prefix}.{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def model(self, inputs: Mapping[str, Sequence[int | None]], output: str, columns: int) -> Any:
        """Give the graph as a ModelProto of float64 inputs and one float64 output of shape (n, columns)."""
        double = package().TensorProto.DOUBLE
        info = self._helper.make_tensor_value_info
        graph = self._helper.make_graph(
            self.nodes,
            "mainstay",
            [info(name, double, list(shape)) for name, shape in inputs.items()],
            [info(output, double, [None, columns])],
            self.constants,
        )
        return self._helper.make_model(graph, opset_imports=[self._helper.make_opsetid("", OPSET)], ir_version=8)


def fill_in(proto: Any, fills: Mapping[int, float], width: int) -> None:
    """Put a number in place of missing values at some places of the one input; changes `proto`."""
    if not fills:
        return
    (given,) = proto.graph.input
    values = np.full((1, width), np.nan, dtype=np.float32)
    for place, fill in fills.items():
        values[0, place] = fill
    sheet = Sheet("filled")
    filled = sheet.add("Where", sheet.add("IsNaN", given.name), sheet.constant(values, np.float32), given.name)
    for node in proto.graph.node:
        for place, name in enumerate(node.input):
            if name == given.name:
                node.input[place] = filled
    _in_front(proto, sheet)


def with_scores(model: OnnxModel, path: Path) -> OnnxModel:
    """Let a graph give the scores themselves, as an output ``scores`` of shape (n, columns), in float64.

    What the adapter does after a run, logistic function or choice of columns, becomes part of the graph, so that it
    answers alike wherever it is run.
    """
    if model.header.output == SCORES and model.header.link == "none":
        return model
    proto, header = read_graph(model.content, path), model.header
    sheet = Sheet("scored")
    columns = header.columns or (0,)
    raw = sheet.add("Cast", header.output, to=package().TensorProto.DOUBLE)
    raw = sheet.add("Reshape", raw, sheet.constant([0, -1], np.int64))
    if header.link == "sigmoid":
        raw = sigmoid(sheet, raw)
    elif header.link == "softmax":
        raw = softmax(sheet, raw)
    sheet.add("Gather", raw, sheet.constant(columns, np.int64), axis=1, output=SCORES)
    return behind(proto, sheet, model, len(columns))


def behind(proto: Any, sheet: Sheet, model: OnnxModel, columns: int) -> OnnxModel:
    """Add what a sheet computes behind a graph, ending in ``scores``."""
    proto.graph.node.extend(sheet.nodes)
    proto.graph.initializer.extend(sheet.constants)
    del proto.graph.output[:]
    helper = package().helper
    proto.graph.output.append(helper.make_tensor_value_info(SCORES, package().TensorProto.DOUBLE, [None, columns]))
    several = tuple(range(columns)) if columns > 1 else ()
    header = msgspec.structs.replace(model.header, output=SCORES, columns=several, link="none")
    return OnnxModel(written(proto), header)


def sigmoid(sheet: Sheet, raw: str) -> str:
    """Add the logistic function."""
    powers = sheet.add("Exp", sheet.add("Neg", raw))
    return sheet.add("Div", sheet.constant(1.0), sheet.add("Add", powers, sheet.constant(1.0)))


def softmax(sheet: Sheet, raw: str) -> str:
    """Add the softmax over the columns."""
    return sheet.add("Softmax", raw, axis=1)


def _in_front(proto: Any, sheet: Sheet) -> None:
    before = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*sheet.nodes, *before])
    proto.graph.initializer.extend(sheet.constants)
