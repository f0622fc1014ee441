"""Values as JSON that any reader understands, infinities and NaN included."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def dumps(value: object) -> bytes:
    """Write a value as JSON; JSON has no infinity, so those are written as ``"inf"``, ``"-inf"`` and ``"nan"``.

    Examples
    --------
    >>> dumps((1.5, float("inf")))
    b'[1.5,"inf"]'

    """
    return msgspec.json.encode(_finite(msgspec.to_builtins(value)))


def pretty(value: object) -> bytes:
    """Write a value as `dumps` does, with a line for each field: for files that people open."""
    return msgspec.json.format(dumps(value), indent=1) + b"\n"


def loads(content: bytes | str, kind: type[T]) -> T:
    """Read what `dumps` wrote; raises `msgspec.DecodeError` or its `ValidationError`.

    Examples
    --------
    >>> loads(b'"inf"', float)
    inf

    """
    # Not strict, so that "inf" is a float again; a field that may hold a text keeps its text.
    return msgspec.json.decode(content, type=kind, strict=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
