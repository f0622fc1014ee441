"""An ONNX file in the hand: its outputs, what they are, and what has to go before it can be served."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING, Any

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.files import damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

_FLOAT, _DOUBLE = 1, 11  # TensorProto.FLOAT and DOUBLE
LARGEST = 2**31 - 1
"""Bytes a protocol buffer may have."""


def package() -> ModuleType:
    """Give the ``onnx`` package, which reads and writes the files; a server needs ONNX Runtime alone.

    Raises
    ------
    SetupError
        Where it isn't installed.

    """
    return need("onnx", "Converting a model", "onnx")


def read_graph(content: bytes, path: Path) -> Any:
    """Read an ONNX file as a ModelProto.

    Raises
    ------
    CorruptError
        Where it isn't one.

    """
    onnx = package()
    try:
        return onnx.load_model_from_string(content)
    except Exception as error:  # noqa: BLE001 - protobuf fails in its own ways
        raise damaged(path, f"it isn't an ONNX file ({type(error).__name__})") from None


def written(proto: Any) -> bytes:
    """Write a ModelProto as the bytes of a file.

    Raises
    ------
    InputError
        Where its weights are more than one file can hold.

    """
    if proto.ByteSize() > LARGEST:
        raise InputError(
            f"The network takes {proto.ByteSize():,} bytes, and an ONNX file holds {LARGEST:,} at most.",
            "Serve a smaller one, or its weights quantised.",
        )
    return bytes(proto.SerializeToString())


def without_zipmaps(proto: Any) -> dict[str, tuple[str | int, ...]]:
    """Take the ZipMaps away, which turn an array of probabilities into a list of dicts; changes `proto`.

    Returns
    -------
    dict of str to tuple
        For each output that was one: the label of each column.

    """
    helper, labels = package().helper, {}
    outputs = {output.name: output for output in proto.graph.output}
    for place, node in enumerate(proto.graph.node):
        if node.op_type != "ZipMap":
            continue
        given = {attribute.name: attribute for attribute in node.attribute}
        texts = (
            [text.decode("utf-8", "replace") for text in given["classlabels_strings"].strings]
            if ("classlabels_strings" in given)
            else list(given["classlabels_int64s"].ints)
        )
        name = node.output[0]
        labels[name] = tuple(texts)
        proto.graph.node[place].CopyFrom(helper.make_node("Identity", [node.input[0]], [name]))
        outputs[name].type.CopyFrom(helper.make_tensor_type_proto(_FLOAT, [None, len(texts)]))
    return labels


def class_labels(proto: Any) -> tuple[str | int, ...]:
    """Give the labels a classifier in the graph names, in the order of its columns; empty where none does."""
    for node in proto.graph.node:
        for attribute in node.attribute:
            if attribute.name in {"classlabels_strings", "classlabels_int64s", "classlabels_ints"}:
                texts = tuple(text.decode("utf-8", "replace") for text in attribute.strings)
                if labels := texts or tuple(attribute.ints):
                    return labels
    return ()


def number_outputs(proto: Any) -> tuple[str, ...]:
    """Name the outputs that are arrays of real numbers; the label a classifier prints isn't among them."""
    return tuple(one.name for one in proto.graph.output if one.type.tensor_type.elem_type in {_FLOAT, _DOUBLE})


def ends_in(proto: Any, output: str) -> str:
    """Name the operator an output comes from, past what only changes its form: ``"Sigmoid"``, ``"Softmax"``, ..."""
    makers = {name: node for node in proto.graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast"}:
        node = makers.get(node.input[0])
    return "" if node is None else str(node.op_type)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what converters print and warn about to themselves: it is about their own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
