"""Segments: the files of a stream, who writes them, how they are sealed, and which of them a span of time needs.

``<root>/<stream>/<begun>-<writer>.jsonl``. Each writer has files of its own, so no write of one process can tear or
truncate another's. A writer holds a lock on the file it writes; a file that nobody holds is never written again, even
if its writer was killed.

A file that was let go is sealed: forced to the disk, and its SHA-256 written beside it, into ``<begun>-<writer>.seal``.
Its writer does that, or whoever finds it unlocked and unsealed: `seal` gives the seal there is, or makes it. `digest`
tells what the file is now, so ``digest(path) == seal(path)`` says that it is what was sealed.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import LockedError, store_error

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".jsonl"
SEALED = ".seal"
_STAMP = "%Y%m%dT%H%M%S%fZ"
# Clocks of writers and files may differ a little, and a line is stamped before its file is begun.
_SLACK = dt.timedelta(minutes=10)
_BLOCK = 1 << 20


class Seal(msgspec.Struct, frozen=True):
    """What a segment is, once nobody writes it any more.

    Parameters
    ----------
    sha256 : str
        Of the whole file, hexadecimal.
    bytes : int
        Its length.
    lines : int
        Its whole lines; what follows the last line break was torn off.

    """

    sha256: str
    bytes: int
    lines: int


def segment_name(begun: dt.datetime, writer: str) -> str:
    """Name a segment; names sort by time.

    Examples
    --------
    >>> segment_name(dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC), "412-1f")
    '20261122T170300000000Z-412-1f.jsonl'

    """
    return f"{begun.strftime(_STAMP)}-{writer}{SUFFIX}"


def segments(folder: Path, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[Path, ...]:
    """List the segments that may hold events of the span, oldest first; raises StoreError where nobody can say."""
    try:
        # As names, not as paths: a folder may hold thousands, and a page lists it many times.
        names = sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX) and name != SUFFIX)  # noqa: PTH208 - ten times faster
    except FileNotFoundError:
        return ()
    except OSError as error:  # none would be as good as an empty log, and it isn't
        raise store_error(error) from None
    paths = (folder / name for name in names)
    return tuple(path for path in paths if _may_hold(path, since, until))


def begun(path: Path) -> dt.datetime | None:
    """Read from a segment's name when it was begun; None where somebody else named it."""
    try:
        return dt.datetime.strptime(path.name.split("-", 1)[0], _STAMP).replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def is_sealed(path: Path) -> bool:
    """Whether no writer holds the segment any more."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(handle)


def seal(path: Path) -> Seal:
    """Give a segment's seal; make it where its writer was killed before it could.

    A file without a byte is given its seal and none is written: it may have been begun this very moment.

    Raises
    ------
    LockedError
        Where its writer still holds it, or somebody else seals it right now.
    FileNotFoundError
        Where there is no such file.
    OSError
        Where it can't be read, forced to the disk, or its seal not written.

    """
    told = read_seal(path)
    if told is not None:
        return told
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return read_seal(path) or write_seal(path)
    except BlockingIOError:
        raise LockedError(f"{path.name} is still written.", "It is sealed when its writer lets it go.") from None
    finally:
        os.close(handle)


def read_seal(path: Path) -> Seal | None:
    """Read a segment's seal; None where it has none that can be read."""
    try:
        return msgspec.json.decode(path.with_suffix(SEALED).read_bytes(), type=Seal)
    except (OSError, msgspec.DecodeError):
        return None


def write_seal(path: Path) -> Seal:
    """Force a segment to the disk, and write its seal; for whoever holds its lock."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    found = digest(path)
    if not found.bytes:
        return found
    for left in path.parent.glob(f".{path.stem}.*.tmp"):  # of whoever was killed at this; the lock is ours now
        left.unlink(missing_ok=True)
    half = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp")
    try:
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            os.write(handle, msgspec.json.encode(found))
            os.fsync(handle)
        finally:
            os.close(handle)
        half.replace(path.with_suffix(SEALED))
    except OSError:
        with suppress(OSError):
            half.unlink()
        raise
    sync_folder(path.parent)
    return found


def digest(path: Path) -> Seal:
    """Read what a segment is right now."""
    whole, length, lines = hashlib.sha256(), 0, 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            whole.update(block)
            length += len(block)
            lines += block.count(b"\n")
    return Seal(whole.hexdigest(), length, lines)


def remove_segment(path: Path) -> None:
    """Remove a segment and its seal; what is gone already is no error."""
    path.unlink(missing_ok=True)
    path.with_suffix(SEALED).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to the disk: a file that is on the disk is no help under a name that isn't."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _may_hold(path: Path, since: dt.datetime | None, until: dt.datetime | None) -> bool:
    if until is not None:
        start = begun(path)
        if start is not None and start > until + _SLACK:
            return False
    if since is not None:
        try:
            return path.stat().st_mtime >= (since - _SLACK).timestamp()
        except FileNotFoundError:
            return False
    return True
