"""The end of a zip file: how large its list of files is, before anybody reads that list into the memory.

By PKWARE's APPNOTE 6.3.10, sections 4.3.14 to 4.3.16, as Python's `zipfile` reads them.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_BYTES, _LOCATOR_BYTES, _END64_BYTES = 22, 20, 56
_COMMENT = 1 << 16


def directory_size(file: IO[bytes]) -> int | None:
    """Give the bytes of a zip's list of files, as its end says; None where it has no such end.

    Where several records could be its end, or both forms of one are there, the largest size counts: a reader may choose
    either.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END_BYTES - _COMMENT - _LOCATOR_BYTES - _END64_BYTES)
    file.seek(start)
    tail = file.read()
    found: list[int] = []
    at = tail.find(_END)
    while at >= 0:
        if at + _END_BYTES <= len(tail):
            found.append(struct.unpack_from("<I", tail, at + 12)[0])
            found += _larger(tail, at - _LOCATOR_BYTES)
        at = tail.find(_END, at + 1)
    return max(found, default=None)


def _larger(tail: bytes, locator: int) -> list[int]:
    record = locator - _END64_BYTES
    if record < 0 or tail[locator : locator + 4] != _LOCATOR or tail[record : record + 4] != _END64:
        return []
    return [struct.unpack_from("<Q", tail, record + 40)[0]]
