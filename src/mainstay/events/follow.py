"""`Follower`: what is written into the log from now on, through rotation, by however many writers. Needs no Polars."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError
from mainstay.events.journal import event_time
from mainstay.events.log import STREAMS
from mainstay.events.records import decode_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.records import Event

_BLOCK = 65_536  # bytes


class Follower:
    """Gives the events that were written since it was asked last, of all writers, oldest first.

    A file that is begun later is read from its start, and one that is gone is forgotten; a line is read once its line
    break is there.

    Parameters
    ----------
    log : EventLog
        The log.
    streams : tuple of str
        Which streams.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mainstay.events import EventLog
    >>> Follower(EventLog(Path(tempfile.mkdtemp()))).new()
    []

    """

    def __init__(self, log: EventLog, streams: tuple[Stream, ...] = STREAMS) -> None:
        self._log = log
        self._streams = streams
        self._read = {path: _whole(path) for path in self._files()}

    def new(self) -> list[Event]:
        """Give what was written since."""
        read: dict[Path, int] = {}
        found: list[Event] = []
        for path in self._files():
            lines, read[path] = _after(path, self._read.get(path, 0))
            found += _decoded(lines)
        self._read = read
        return sorted(found, key=event_time)

    def _files(self) -> list[Path]:
        return [path for stream in self._streams for path in self._log.segments(stream)]


def _after(path: Path, start: int) -> tuple[list[bytes], int]:
    """Read the whole lines from a place on, and where the next one begins."""
    try:
        with path.open("rb") as file:
            # What was written last may have been taken back, because the disk was full.
            start = min(start, file.seek(0, os.SEEK_END))
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    end = data.rfind(b"\n") + 1
    return data[:end].split(b"\n")[:-1], start + end


def _decoded(lines: list[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            yield decode_event(line)
        except CorruptError:
            continue  # counted where windows are read


def _whole(path: Path) -> int:
    """Give where the last whole line of a file ends."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            while end:
                start = max(0, end - _BLOCK)
                file.seek(start)
                if place := file.read(end - start).rfind(b"\n") + 1:
                    return start + place
                end = start
    except FileNotFoundError:
        pass
    return 0
