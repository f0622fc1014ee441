"""The head of a request: JSON that names its tensors, and says where the data of each one is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn, TypeVar

import msgspec

from mainstay.serving.doors.oip.infer import Infer, Tensor, Wanted
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.serving.doors.oip.infer import Content

LENGTH = b"inference-header-content-length"
"""The header that says how many bytes of the body are JSON; raw tensors follow."""
Parameter = str | int | float | bool | None

_LONGEST_PARAMETERS = 64 * 1024
_LONGEST_ID = 128
_SMALL = 64 * 1024  # bytes; what a shorter head holds isn't worth counting
_LONGEST_SHAPE = 200  # characters
_MOST_OUTPUTS = 100
_NOTHING = msgspec.Raw(b"")
_EMPTY = msgspec.Raw(b"{}")
_sizes = msgspec.json.Decoder(tuple[int, ...]).decode
_parameters = msgspec.json.Decoder(dict[str, Parameter]).decode
# What Python's and Triton's own writers put where a float isn't finite; texts are stepped over.
_NO_NUMBER = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|NaN|-?Infinity', re.DOTALL)
_Head = TypeVar("_Head", bound=msgspec.Struct)


class _Input(msgspec.Struct, frozen=True):
    name: str
    shape: msgspec.Raw
    datatype: str
    parameters: msgspec.Raw = _EMPTY
    data: msgspec.Raw = _NOTHING


class _Output(msgspec.Struct, frozen=True):
    name: str
    parameters: msgspec.Raw = _EMPTY


class _Request(msgspec.Struct, frozen=True):
    inputs: list[_Input]
    id: str = ""
    parameters: msgspec.Raw = _EMPTY
    outputs: list[_Output] = []


class _Counted(msgspec.Struct, frozen=True):
    """A request whose tensors are counted before they are looked at: they may be many."""

    inputs: list[msgspec.Raw]
    outputs: list[msgspec.Raw] = []


def read_infer(body: bytes, length: bytes | None, most: int) -> Infer:
    """Read a request's head, and find the bytes of its tensors.

    Parameters
    ----------
    body : bytes
        As it came, inflated.
    length : bytes, optional
        What the header `LENGTH` says.
    most : int
        Tensors it may hold.

    Raises
    ------
    Refused
        400, where it isn't what the protocol says.

    """
    view = memoryview(body)
    size = len(body) if length is None else _head_size(length, len(body))
    head = body if size == len(body) else bytes(view[:size])
    if size > _SMALL:
        counted = decode(head, _Counted, "The request")
        demand_few(len(counted.inputs), len(counted.outputs), most)
    request = decode(head, _Request, "The request")
    demand_few(len(request.inputs), len(request.outputs), most, request.id)
    told = parameters_of(request.parameters, "the request")
    binary = told.get("binary_data_output") is True
    return Infer(
        request.id,
        _tensors(request.inputs, view[size:]),
        tuple(_wanted(asked, binary=binary) for asked in request.outputs),
        binary,
    )


def demand_few(inputs: int, outputs: int, most: int, name: str = "") -> None:
    """Refuse more tensors or outputs than a model has use for, and an endless id.

    Raises
    ------
    Refused
        400.

    """
    if inputs > most:
        refuse(f"The request holds {inputs} tensors; at most {most} are taken.", "Send one a column.")
    if outputs > _MOST_OUTPUTS:
        refuse(f"The request asks for {outputs} outputs.", "Ask for each output once.")
    if len(name) > _LONGEST_ID:
        refuse("The request's id is longer than 128 characters.", "Shorten it.")


def _head_size(length: bytes, whole: int) -> int:
    if not length.isdigit() or len(length) > 12:
        refuse("The header Inference-Header-Content-Length is no length.", "Send the bytes of the JSON, in digits.")
    size = int(length)
    if not 0 < size <= whole:
        refuse(
            f"The header Inference-Header-Content-Length says {size} bytes of JSON, and the body has {whole}.",
            "Send the length of the JSON that the body begins with.",
        )
    return size


def decode(raw: bytes | msgspec.Raw, kind: type[_Head], what: str) -> _Head:
    """Decode JSON of the protocol; ``NaN`` counts as null, as its writers mean it.

    Raises
    ------
    Refused
        400.

    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        refuse(f"{what} isn't as the protocol says: {error}.", _CURE)
    except UnicodeDecodeError:
        refuse(f"{what} isn't UTF-8 text.", "Encode it as UTF-8.")
    except (msgspec.DecodeError, RecursionError) as error:
        mended = _NO_NUMBER.sub(_finite, bytes(raw))
        if mended != raw and type(error) is msgspec.DecodeError:
            return decode(mended, kind, what)
        refuse(f"{what} isn't JSON: {_why(error)}.", _CURE)


_CURE = 'Send {"inputs": [{"name": ..., "shape": [1], "datatype": "FP64", "data": [...]}, ...]}.'


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).removeprefix("JSON is ")


def _finite(found: re.Match[bytes]) -> bytes:
    """Write null for NaN, and a text no number is for an infinity: that is refused where its field is known."""
    token = found[0]
    return token if token[:1] == b'"' else b"null" if token == b"NaN" else b'"%s"' % token


def parameters_of(raw: msgspec.Raw, of: str) -> Mapping[str, Parameter]:
    """Read parameters: a flat object.

    Raises
    ------
    Refused
        400.

    """
    text = bytes(raw)
    if text in (b"{}", b"null"):
        return {}
    if len(text) > _LONGEST_PARAMETERS:
        refuse(f"The parameters of {of} are longer than {_LONGEST_PARAMETERS} bytes.", "Send fewer.")
    try:
        return _parameters(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        refuse(f"The parameters of {of} aren't texts, numbers or booleans.", "Send a flat object, or none.")


def _tensors(inputs: Sequence[_Input], rest: memoryview) -> tuple[Tensor, ...]:
    tensors = []
    for sent in inputs:
        told = parameters_of(sent.parameters, "an input")
        if "shared_memory_region" in told:
            refuse_shared_memory(sent.name)
        content: Content = sent.data
        if "binary_data_size" in told:
            size = _binary_size(sent, told["binary_data_size"], len(rest))
            content, rest = rest[:size], rest[size:]
        elif sent.data == _NOTHING:
            refuse(f"Input '{sent.name[:80]}' has no data.", 'Send "data", or raw bytes and "binary_data_size".')
        tensors.append(Tensor(sent.name, sent.datatype, _shape(sent), content))
    if len(rest):
        refuse(
            f"{len(rest)} bytes follow the last tensor.",
            "Send the header Inference-Header-Content-Length with the length of the JSON, and say binary_data_size "
            "for each raw tensor.",
        )
    return tuple(tensors)


def _shape(sent: _Input) -> tuple[int, ...]:
    try:
        return _sizes(sent.shape if len(sent.shape) <= _LONGEST_SHAPE else b"")
    except (msgspec.DecodeError, RecursionError):
        refuse(f"The shape of input '{sent.name[:80]}' is no list of a few whole numbers.", "Send one like [3, 1].")


def _binary_size(sent: _Input, size: Parameter, left: int) -> int:
    named = f"Input '{sent.name[:80]}'"
    if sent.data != _NOTHING:
        refuse(f"{named} has both data and binary_data_size.", "Send one of them.")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        refuse(f"{named} says a binary_data_size that is no length.", "Send the bytes of the raw tensor.")
    if size > left:
        refuse(
            f"{named} says {size} bytes of raw data, and {left} are left of the body.",
            "Send the raw tensors whole, in the order of the inputs, after the JSON, and the header "
            "Inference-Header-Content-Length.",
        )
    return size


def _wanted(asked: _Output, *, binary: bool) -> Wanted:
    told = parameters_of(asked.parameters, "an output")
    demand_plain_output(asked.name, told)
    said = told.get("binary_data", binary)
    return Wanted(asked.name, said is True)


def demand_plain_output(name: str, told: Mapping[str, object]) -> None:
    """Refuse what an output can't be asked for.

    Raises
    ------
    Refused
        400: shared memory, or Triton's classification.

    """
    if "shared_memory_region" in told:
        refuse_shared_memory(name)
    if told.get("classification"):
        refuse(
            f"Output '{name[:80]}' is asked for as a classification, which isn't answered here.",
            "Ask for 'prediction' and 'scores' instead.",
        )


def refuse_shared_memory(name: str) -> NoReturn:
    """Refuse memory that is shared with the caller."""
    refuse(f"'{name[:80]}' names shared memory, which isn't used here.", "Send the tensor in the request.")


def refuse(detail: str, cure: str) -> NoReturn:
    """Refuse a request that isn't what the protocol says."""
    raise Refused(400, "tensor", detail, cure)
