"""From an ONNX graph to a model: its inputs matched, its output understood, both held against real rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.errors import InputError
from mainstay.models.convert.feeds import feeds_of
from mainstay.models.convert.graph import number_outputs, without_zipmaps, written
from mainstay.models.convert.heads import find_output, held_against, read_head
from mainstay.models.frameworks.onnx import FLOAT, GRAPH, Header, OnnxModel
from mainstay.models.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.convert.feeds import Size
    from mainstay.models.frameworks.onnx import Feed

    Floats = NDArray[np.float64]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a network beside its graph.

    Parameters
    ----------
    task : Task
        What is predicted.
    output : {"", "probability", "logit", "amount"}
        What the scores are before anything is done to them; empty: as the last operator says.
    output_name : str
        Which output they are; empty where there is one, or one called so.
    labels : tuple of str or int
        The label of each column of the output; empty: as the graph says, else in the order of the task's.
    made_from : str
        What it was before.

    """

    task: Task
    output: str = ""
    output_name: str = ""
    labels: tuple[str | int, ...] = ()
    made_from: str = ""


def build_model(
    proto: Any, columns: Columns, X: Floats, asked: Asked, feeds: tuple[Feed, ...] | None = None
) -> OnnxModel:
    """Make a model of a graph, held against real rows.

    Parameters
    ----------
    proto : ModelProto
        The graph; ZipMaps and outputs that aren't the scores are taken out of it.
    columns : Columns
        What each number of an encoded row is.
    X : array, shape (n, width)
        Real encoded rows: what is declared about the output must be true of them.
    asked : Asked
        What else is known.
    feeds : tuple of Feed, optional
        What each input is given, where a converter knows; else by shape and name.

    Raises
    ------
    InputError
        Where inputs or output don't fit columns or task; each in a sentence.
    CorruptError
        Where ONNX Runtime can't run it.

    """
    zipped = without_zipmaps(proto)
    output = find_output(number_outputs(proto), asked.output_name)
    head = read_head(proto, asked.task, output, labels=asked.labels or zipped.get(output, ()), said=asked.output)
    for output in [one for one in proto.graph.output if one.name != head.output]:
        proto.graph.output.remove(output)
    shapes = input_shapes(proto)
    found = feeds if feeds is not None else feeds_of(columns, shapes)
    header = Header(
        width=columns.width,
        feeds=found,
        output=head.output,
        alone=any(shape[:1] == (1,) for shape in shapes.values()),
        precision=FLOAT,
        made_from=asked.made_from,
    )
    content = written(proto)
    seen = OnnxModel(content, header, Path(asked.made_from or GRAPH)).raw(X)
    head = held_against(head, seen, asked.task)
    return OnnxModel(content, msgspec.structs.replace(header, columns=head.columns, link=head.link))


def input_shapes(proto: Any) -> dict[str, tuple[Size, ...]]:
    """Give the inputs of a graph with their shapes, None for an open size; weights aren't among them.

    Raises
    ------
    InputError
        Where an input takes a fixed number of records above one at a time.

    """
    weights = {one.name for one in proto.graph.initializer}
    shapes: dict[str, tuple[Size, ...]] = {}
    for one in proto.graph.input:
        if one.name in weights:
            continue
        dims = one.type.tensor_type.shape.dim
        shapes[one.name] = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)
        batch = shapes[one.name][0] if dims else None
        if batch is not None and batch > 1:
            raise InputError(
                f"The network takes {batch} records at a time, and a request may hold any number.",
                "Export it again with a batch dimension that is open (dynamic).",
            )
    return shapes
