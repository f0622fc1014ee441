"""Segments: the files of a stream, who writes them, and which of them a span of time needs.

``<root>/<stream>/<begun>-<writer>.jsonl``. Each writer has files of its own, so no write of one process can tear or
truncate another's. A writer holds a lock on the file it writes; a file that nobody holds is sealed, even if its writer
was killed.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".jsonl"
_STAMP = "%Y%m%dT%H%M%S%fZ"
# Clocks of writers and files may differ a little, and a line is stamped before its file is begun.
_SLACK = dt.timedelta(minutes=10)


def segment_name(begun: dt.datetime, writer: str) -> str:
    """Name a segment; names sort by time.

    Examples
    --------
    >>> segment_name(dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC), "412-1f")
    '20261122T170300000000Z-412-1f.jsonl'

    """
    return f"{begun.strftime(_STAMP)}-{writer}{SUFFIX}"


def segments(folder: Path, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[Path, ...]:
    """List the segments that may hold events of the span, oldest first."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == SUFFIX)
    except FileNotFoundError:
        return ()
    paths = (folder / name for name in names)
    return tuple(path for path in paths if _may_hold(path, since, until))


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


def _may_hold(path: Path, since: dt.datetime | None, until: dt.datetime | None) -> bool:
    if until is not None:
        try:
            begun = dt.datetime.strptime(path.name.split("-", 1)[0], _STAMP).replace(tzinfo=dt.UTC)
        except ValueError:
            begun = until
        if begun > until + _SLACK:
            return False
    if since is not None:
        try:
            return path.stat().st_mtime >= (since - _SLACK).timestamp()
        except FileNotFoundError:
            return False
    return True
