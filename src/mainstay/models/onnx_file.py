"""What lies in an ONNX file, looked at byte by byte before a runtime sees it, and without the ``onnx`` package.

An ONNX file is a protocol buffer. It is data, but it may name other files that hold its weights, and operators that
only a library of somebody's own brings. Neither belongs into a bundle: a version is what its manifest lists, and
nothing in it runs code.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.models.files import damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Where operators may come from: the standard, its part for classical models, and what ONNX Runtime itself brings."""

# Which messages lie in which, by the numbers of onnx.proto: field -> kind of message.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_DOMAIN = ("node", 7)  # a domain may be declared and not used: optimisers declare all they know
_ELSEWHERE = {("tensor", 13), ("tensor", 14)}  # external_data, data_location
_DEEPEST = 64
_RUNTIME = b"ORTM"  # ONNX Runtime's own format, which it would take this for, whatever else it reads like
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def demand_self_contained(content: bytes, path: Path = Path("model.onnx")) -> None:
    """Refuse an ONNX file that needs anything beside itself and ONNX Runtime.

    Parameters
    ----------
    content : bytes
        The file.
    path : Path
        What to call it in errors.

    Raises
    ------
    CorruptError
        Where it isn't an ONNX file, keeps weights in other files, or uses operators of a domain of its own.

    Examples
    --------
    >>> demand_self_contained(b"no model", Path("a"))
    Traceback (most recent call last):
    ...
    mainstay.errors.CorruptError: a is damaged: it isn't an ONNX file. Restore it from a backup, or train again.

    """
    if content[4:8] == _RUNTIME:
        raise damaged(path, "it isn't an ONNX file")
    graphs = 0
    for kind, field, value in _walk(memoryview(content), "model", path, 0):
        graphs += (kind, field) == ("model", 7)
        if (kind, field) == _DOMAIN and isinstance(value, memoryview):
            name = bytes(value).decode("utf-8", "replace")
            if name not in DOMAINS and not name.startswith("pkg."):  # functions that torch writes into the file itself
                raise damaged(path, f"it uses operators of '{name[:60]}', which only a library of its own could run")
        if (kind, field) in _ELSEWHERE and value != 0:
            raise damaged(path, "it keeps weights in another file, and a version holds everything in one")
    if graphs != 1:
        raise damaged(path, "it isn't an ONNX file")


def _walk(message: memoryview, kind: str, path: Path, depth: int) -> Iterator[tuple[str, int, memoryview | int]]:
    """Give every field of a message and of those inside it: the kind of message, the field's number, its value."""
    if depth > _DEEPEST:
        raise damaged(path, "it is nested too deep")
    for field, value in _fields(message, path):
        yield kind, field, value
        inner = _INSIDE[kind].get(field)
        if inner is not None and isinstance(value, memoryview):
            yield from _walk(value, inner, path, depth + 1)


def _fields(message: memoryview, path: Path) -> Iterator[tuple[int, memoryview | int]]:
    place = 0
    try:
        while place < len(message):
            tag, place = _varint(message, place)
            wire = tag & 7
            if wire == _VARINT:
                value, place = _varint(message, place)
                yield tag >> 3, value
                continue
            size = {_EIGHT: 8, _FOUR: 4}.get(wire, -1)
            if wire == _BYTES:
                size, place = _varint(message, place)
            if size < 0 or place + size > len(message):
                raise damaged(path, "it isn't an ONNX file")
            yield tag >> 3, message[place : place + size]
            place += size
    except IndexError:
        raise damaged(path, "it isn't an ONNX file") from None


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise IndexError
