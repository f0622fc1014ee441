"""The key of a request, and the ids of the answers it gets: what both ends work out alike.

A key that is a UUIDv7 names its answer: the id of the one record of a request is the key itself, further records get
ids of the same time. So a retry that reaches another process is answered, and logged, under the same ids, which readers
of the log count once.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from itertools import count, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_RANDOM = (1 << 62) - 1
_VARIANT = 0b10 << 62


def new_key() -> str:
    """Make a key: a UUIDv7 (RFC 9562), which says when it was made and can't be guessed.

    Examples
    --------
    >>> is_key(new_key())
    True

    """
    milliseconds, random = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")
    return _written(milliseconds << 80 | 0x7 << 76 | (random >> 64 & 0xFFF) << 64 | _VARIANT | random & _RANDOM)


def is_key(text: str) -> bool:
    """Say whether a key is a UUIDv7 as it is commonly written, so that answers are named by it.

    Examples
    --------
    >>> is_key("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), is_key("order-17")
    (True, False)

    """
    return _UUID7.fullmatch(text) is not None


def answer_ids(key: str, records: int) -> list[str]:
    """Give the ids of the answers to a request, in the order of its records.

    Parameters
    ----------
    key : str
        Its Idempotency-Key, a UUIDv7.
    records : int
        How many it held.

    Returns
    -------
    list of str
        First the key; then UUIDv7s that share its first 66 bits, and whose last 62 are of BLAKE2b over key and place.

    Examples
    --------
    >>> answer_ids("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 2)
    ['017f22e2-79b0-7cc3-98c4-dc0c0c07398f', '017f22e2-79b0-7cc3-aeec-d04efbe6359e']

    """
    return list(islice(each_id(key), records))


def each_id(key: str) -> Iterator[str]:
    """Go on giving the ids of the answers to a request."""
    yield key
    yield from _drawn(key, b"")


def each_line_id(key: str, body: bytes) -> Iterator[str]:
    """Go on giving the ids of the lines of feedback in a request: those of another body are others, whatever its key.

    Examples
    --------
    >>> first, again = (next(each_line_id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", b"{}")) for _ in range(2))
    >>> first == again and is_key(first)
    True

    """
    return _drawn(key, body)


def _drawn(key: str, body: bytes) -> Iterator[str]:
    begun = int(key.replace("-", ""), 16) & ~_RANDOM
    seed = hashlib.blake2b(
        key.encode(), digest_size=8, key=hashlib.blake2b(body, digest_size=32).digest() if body else b""
    )
    for place in count(1):
        drawn = seed.copy()
        drawn.update(b"/%d" % place)
        yield _written(begun | int.from_bytes(drawn.digest(), "big") & _RANDOM)


def _written(number: int) -> str:
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
