"""Taking segments that nobody writes any more, and keeping their damaged lines aside."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.errors import LockedError
from mainstay.events.segments import SUFFIX, seal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ASIDE = "aside"
_FOLDER_MODE = 0o750
_FILE_MODE = 0o640


@dataclass(frozen=True)
class Taken:
    """A sealed segment in the hand.

    Parameters
    ----------
    path : Path
        The file.
    data : bytes
        All of it.
    lost : int
        Lines that it held when it was sealed and doesn't any more.

    """

    path: Path
    data: bytes
    lost: int = 0


def take(path: Path) -> Taken | None:
    """Read a sealed segment whole; None where it is still written, may be about to, or is gone or unreadable.

    What holds bytes and no lock will never change again; what is empty may have been begun a moment ago. A segment that
    isn't what was sealed is taken all the same: each of its lines has a checksum of its own.
    """
    try:
        told = seal(path)
        data = path.read_bytes()
    except (LockedError, OSError):
        return None
    if not data:
        return None
    same = hashlib.sha256(data).hexdigest() == told.sha256
    return Taken(path, data, 0 if same else max(0, told.lines - data.count(b"\n")))


def count_aside(folder: Path) -> int:
    """Count the damaged lines of a stream's folder that are kept aside."""
    try:
        return sum(path.read_bytes().count(b"\n") for path in (folder / ASIDE).iterdir() if path.suffix == SUFFIX)
    except OSError:
        return 0


def set_aside(path: Path, lines: Sequence[bytes]) -> None:
    """Keep the damaged lines of a segment in a file of its name below ``aside``, for who looks into what happened."""
    if not lines:
        return
    folder = path.parent / ASIDE
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    half = folder / f".{path.name}.{os.getpid()}"
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(b"\n".join([*lines, b""]))
        file.flush()
        os.fsync(file.fileno())
    half.replace(folder / path.name)
