"""The body of a reply: its JSON, and the raw tensors behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.serving.doors.oip.datatypes import BYTES, NUMERIC
from mainstay.serving.replies import Reply, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.doors.oip.outputs import Output
    from mainstay.serving.replies import Refused

_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_RAW = (b"content-type", b"application/octet-stream")
_SHOWN = 20


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tensor in the JSON of a reply."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[object] | None = None
    parameters: dict[str, int] | None = None


class Inferred(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The JSON of a reply."""

    model_name: str
    model_version: str = ""
    id: str = ""
    parameters: dict[str, str] | None = None
    outputs: list[Told]


def write_reply(model: str, version: str, request: str, warnings: str, outputs: Sequence[Output]) -> Reply:
    """Write a reply; with raw tensors the header ``Inference-Header-Content-Length`` says where they begin.

    Parameters
    ----------
    model, version : str
        Who answered.
    request : str
        What the caller called the request.
    warnings : str
        What policies did.
    outputs : sequence of Output
        In the order they are told.

    """
    raws = [raw_of(output) if output.binary else None for output in outputs]
    told = [
        Told(output.name, output.datatype, output.shape, output.values)
        if raw is None
        else Told(output.name, output.datatype, output.shape, parameters={"binary_data_size": len(raw)})
        for output, raw in zip(outputs, raws, strict=True)
    ]
    parameters = {"warnings": warnings} if warnings else None
    head = _encode(Inferred(model_name=model, model_version=version, id=request, parameters=parameters, outputs=told))
    if not any(output.binary for output in outputs):
        return Reply(200, head, (_JSON,))
    body = b"".join([head, *(raw for raw in raws if raw is not None)])
    return Reply(200, body, (_RAW, (b"inference-header-content-length", b"%d" % len(head))))


def raw_of(output: Output) -> bytes:
    r"""Write a tensor's elements as raw bytes, little-endian; BYTES with four bytes of length before each.

    Examples
    --------
    >>> from mainstay.serving.doors.oip.outputs import Output
    >>> raw_of(Output("prediction", "BYTES", (2,), ["Yes", "No"], True))
    b'\x03\x00\x00\x00Yes\x02\x00\x00\x00No'

    """
    if output.datatype != BYTES:
        return np.array(output.values, dtype=NUMERIC[output.datatype]).tobytes()
    texts = [str(value).encode() for value in output.values]
    return b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))


def write_refusal(refused: Refused) -> Reply:
    """Refuse in the protocol's form: ``{"error": "..."}``, what happened and the cure, by record and field."""
    return Reply(refused.status, _encode({"error": sentence(refused)}), (_JSON, *refused.headers))


def sentence(refused: Refused) -> str:
    """Say what happened and what to do about it; of several problems the first twenty, by record and field."""
    if not refused.errors:
        return f"{refused.detail} {refused.cure}".strip()
    told = [
        f"Record {each.record}, field '{each.field}': {each.message}" if each.field else whole(each)
        for each in refused.errors[:_SHOWN]
    ]
    more = refused.total - len(told)
    if more > 0:
        told.append(f"And {more} more.")
    return " ".join([*told, refused.cure]).strip()
