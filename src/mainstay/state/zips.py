"""Zip files that may come from anywhere: what is looked at before one is believed, and while it is unpacked.

By PKWARE's APPNOTE 6.3.10 (its end: sections 4.3.14 to 4.3.16), as Python's `zipfile` reads it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_BYTES, _LOCATOR_BYTES, _END64_BYTES = 22, 20, 56
_COMMENT = 1 << 16
_PIECE = 1 << 20  # bytes at a time
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What `zipfile` raises at one that was cut off or changed."""


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


def fault_of(info: zipfile.ZipInfo) -> str:
    """Say what is wrong with the kind of an entry, as the end of a sentence; empty where it is a plain file."""
    if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG}:
        return "is a link or no plain file"
    if info.flag_bits & 1:
        return "is locked by a password"
    return "" if info.compress_type in _METHODS else "is compressed in no way known here"


def copy_counted(given: IO[bytes], taken: IO[bytes], size: int) -> str:
    """Copy what is listed with a size, never more of it; gives its sha256, or nothing where it has another size."""
    seen, left = hashlib.sha256(), size
    while piece := given.read(min(_PIECE, left + 1)):
        left -= len(piece)
        if left < 0:
            return ""
        seen.update(piece)
        taken.write(piece)
    return "" if left else seen.hexdigest()
