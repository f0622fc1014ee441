"""A request of gRPC becomes what is read of one over HTTP, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.extras import need
from mainstay.serving.doors.oip.head import demand_few, demand_plain_output, refuse, refuse_shared_memory
from mainstay.serving.doors.oip.infer import Infer, Tensor, Wanted
from mainstay.serving.doors.oip.rpc.messages import messages
from mainstay.serving.doors.oip.rpc.wire import MOST_PARTS, is_much
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from mainstay.serving.doors.oip.infer import Content

_TYPED = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def parse(name: str, raw: bytes) -> Any:
    """Unfold a message.

    Raises
    ------
    Refused
        400, where it isn't one; 413, where it would unfold into too much.

    """
    if is_much(raw):
        raise Refused(
            413,
            "size",
            f"The message holds more than {MOST_PARTS} parts.",
            "Send raw_input_contents, or fewer records.",
        )
    message = messages()[name]()
    try:
        message.ParseFromString(raw)
    except need("google.protobuf.message", "Answering over gRPC", "grpc").DecodeError:
        refuse(f"The message is no {name}.", "Send what the protocol's .proto says.")
    return message


def infer_of(request: Any, most: int) -> Infer:
    """Read a request to infer.

    Parameters
    ----------
    request : ModelInferRequest
        As it came.
    most : int
        Tensors it may hold.

    Raises
    ------
    Refused
        400, where it isn't what the protocol says.

    """
    demand_few(len(request.inputs), len(request.outputs), most, request.id)
    raws = request.raw_input_contents
    if raws and len(raws) != len(request.inputs):
        refuse(
            f"The request has {len(request.inputs)} inputs and {len(raws)} raw_input_contents.",
            "Send all tensors raw, or none.",
        )
    tensors = tuple(
        _tensor(sent, memoryview(raws[place]) if raws else None) for place, sent in enumerate(request.inputs)
    )
    return Infer(request.id, tensors, tuple(_wanted(asked) for asked in request.outputs), binary=True)


def _tensor(sent: Any, raw: memoryview | None) -> Tensor:
    if "shared_memory_region" in sent.parameters:
        refuse_shared_memory(sent.name)
    if len(sent.shape) > 100:
        refuse(f"The shape of input '{sent.name[:80]}' is no list of a few whole numbers.", "Send one like [3, 1].")
    content: Content
    if raw is None:
        content = getattr(sent.contents, _TYPED.get(sent.datatype, "bytes_contents"))
    elif sent.HasField("contents"):
        refuse(f"Input '{sent.name[:80]}' has both contents and raw_input_contents.", "Send one of them.")
    else:
        content = raw
    return Tensor(sent.name, sent.datatype, tuple(sent.shape), content)


def _wanted(asked: Any) -> Wanted:
    told = {name: _value(asked.parameters[name]) for name in ("classification", "shared_memory_region")
            if name in asked.parameters}  # fmt: skip
    demand_plain_output(asked.name, told)
    return Wanted(asked.name, binary=True)


def _value(parameter: Any) -> object:
    chosen = parameter.WhichOneof("parameter_choice")
    return getattr(parameter, chosen) if chosen else None
