"""`Writer`: appends lines to one stream with a single write per batch; what it returned from is in the log."""

from __future__ import annotations

import datetime as dt
import errno
import os
import secrets
import time
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.events.opened import FOLDER_MODE, OpenSegment
from mainstay.events.segments import segment_name

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events.settings import EventsSettings

_EVERY = 1.0  # seconds between looks at the clock and at whether the file is still there
_PROBE = bytes(4096)


class Writer:
    """The one writer of its segments. Not thread-safe: one per thread.

    Parameters
    ----------
    folder : Path
        Folder of the stream; made with the first append.
    name : str
        Who writes; part of the file names.
    settings : EventsSettings
        How safely, and when a segment is full.
    syncs : bool
        Whether `append` forces what it wrote to the disk itself, where the settings ask for that; a `GroupSync` does
        elsewhere.
    segments : type of OpenSegment
        What its files are; others simulate a disk.

    """

    def __init__(
        self,
        folder: Path,
        name: str,
        settings: EventsSettings,
        *,
        syncs: bool = True,
        segments: type[OpenSegment] = OpenSegment,
    ) -> None:
        self._folder = folder
        self._name = f"{name}-{secrets.token_hex(4)}"
        self._settings = settings
        self._durable = settings.durability == "disk"
        self._syncs = syncs and self._durable
        self._segments = segments
        self._left: list[OpenSegment] = []
        """What was full, and is being sealed or still synced."""
        self.segment: OpenSegment | None = None
        """What is written now."""
        self._deadline = 0.0
        self._look = 0.0

    def append(self, lines: bytes) -> None:
        r"""Append whole lines, each ended by ``\n``, with one write; force them to the disk where that is asked for.

        Raises
        ------
        StoreError
            Where they could not be written; then none of them is in the log, and the next append starts clean.

        """
        self.write(lines)
        if self._syncs:
            segment = self.segment
            assert segment is not None  # noqa: S101 - it was written to
            try:
                segment.synced = segment.sync()
            except OSError as error:
                self.distrust(segment)
                raise self.unwritten(error) from None

    def write(self, lines: bytes) -> None:
        """Append as `append` does, without forcing anything to the disk."""
        try:
            segment = self.segment
            if segment is None or segment.size >= self._settings.segment_bytes or time.monotonic() >= self._look:
                segment = self._due()
            segment.write(lines)
        except OSError as error:
            self._undo()
            raise self.unwritten(error) from None

    def distrust(self, segment: OpenSegment) -> None:
        """Leave a segment that could not be forced to the disk, for good, without what isn't surely there.

        After a sync that failed the kernel takes the lost pages for clean, and the next sync says that all is well
        (https://wiki.postgresql.org/wiki/Fsync_Errors): nothing that is asked of this file again is worth anything.
        """
        segment.undo(segment.synced)
        if self.segment is segment:
            self.segment = None
            self._leave(segment)

    def look(self) -> None:
        """Seal a segment that is old, even where nothing more is written; asked now and then."""
        if self.segment is not None and self.segment.size and time.monotonic() >= self._deadline:
            segment, self.segment = self.segment, None
            self._leave(segment)

    def begin_anew(self) -> None:
        """Leave the current segment as it is: nobody knows how far it was written."""
        segment, self.segment = self.segment, None
        if segment is not None:
            self._leave(segment)

    def probe(self) -> None:
        """Find out whether anything could be written now; raises StoreError where it can't."""
        path = self._folder / f".{self._name}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            with path.open("xb") as file:
                path.unlink()  # at once: whoever is killed in between leaves nothing behind
                file.write(_PROBE)
        except OSError as error:
            raise self.unwritten(error) from None

    def close(self) -> None:
        """Seal the current segment, and wait for those before it."""
        if self.segment is not None:
            self._left.append(self.segment)
            self.segment = None
        for segment in self._left:
            segment.wait()
        self._left.clear()

    def unwritten(self, error: OSError) -> StoreError:
        """Say in a sentence why lines could not be written."""
        return StoreError(
            f"The event log can't be written: {os.strerror(error.errno or errno.EIO)} ({self._folder}).",
            "Free some space, or mend the folder's permissions.",
        )

    def _due(self) -> OpenSegment:
        """Give the segment to write to: another one where there is none, or it is full, old or not ours any more."""
        now, before = time.monotonic(), self.segment
        gone = before is None or before.was_tampered_with()
        if gone or before is None or before.size >= self._settings.segment_bytes or now >= self._deadline:
            path = self._folder / segment_name(dt.datetime.now(dt.UTC), self._name)
            try:
                self.segment = self._segments.begin(path, durable=self._durable)
            except OSError:
                if before is None or gone:
                    raise  # else the full one takes more, until another one can be had
            else:
                self._deadline = now + self._settings.segment_seconds
                if before is not None:
                    self._leave(before)
        self._look = now + _EVERY
        assert self.segment is not None  # noqa: S101 - there was one, or there is
        return self.segment

    def _undo(self) -> None:
        segment = self.segment
        if segment is not None and not segment.undo(segment.size):
            self.segment = None
            self._leave(segment)

    def _leave(self, segment: OpenSegment) -> None:
        self._left = [other for other in self._left if not other.is_sealed]
        self._left.append(segment)
        segment.leave()
