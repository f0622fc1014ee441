"""How many parts a message unfolds into, seen in its bytes: two bytes can stand for an object of a hundred."""

from __future__ import annotations

from typing import TypeAlias

Inside: TypeAlias = "dict[int, Inside]"

SMALL = 64 * 1024
"""Bytes; what a shorter message unfolds into isn't worth counting."""
MOST_PARTS = 200_000
"""Parts a message may unfold into."""

_PARAMETERS: Inside = {2: {}}
INFER: Inside = {4: _PARAMETERS, 5: {4: _PARAMETERS, 5: {}}, 6: {2: _PARAMETERS}}
"""The fields of a ``ModelInferRequest`` that hold messages, and what is inside of those."""
_LENGTHS = {1: 8, 5: 4}  # bytes of the wire types with a fixed size


def is_much(message: bytes, inside: Inside = INFER, most: int = MOST_PARTS) -> bool:
    r"""Say whether a message unfolds into more than `most` fields, or isn't one.

    Parameters
    ----------
    message : bytes
        In protobuf's wire format.
    inside : Inside
        By number, the fields that hold messages themselves.
    most : int
        Parts it may have.

    Examples
    --------
    >>> is_much(b"\x2a\x00" * 100_000, most=1000), is_much(b"\x2a\x00" * 100_000)
    (True, False)

    """
    if len(message) <= SMALL:
        return False
    try:
        return _count(memoryview(message), inside, most) > most
    except IndexError:
        return True


def _count(view: memoryview, inside: Inside, most: int) -> int:
    """Count fields, a little beyond `most` at most; IndexError where the bytes end too early."""
    at = count = 0
    end = len(view)
    while at < end and count <= most:
        tag, at = _number(view, at)
        count += 1
        kind = tag & 7
        if kind == 0:
            _, at = _number(view, at)
        elif kind == 2:
            size, at = _number(view, at)
            if at + size > end:
                raise IndexError
            within = inside.get(tag >> 3)
            if within is not None:
                count += _count(view[at : at + size], within, most - count)
            at += size
        elif kind in _LENGTHS:
            at += _LENGTHS[kind]
        else:
            raise IndexError
    return count


def _number(view: memoryview, at: int) -> tuple[int, int]:
    """Read a varint; gives it, and where it ends."""
    found = shift = 0
    while True:
        byte = view[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
        shift += 7
        if shift > 63:
            raise IndexError
