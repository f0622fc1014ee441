"""`Writer`: appends lines to one stream with a single write per batch; what it returned from is in the log."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import os
import secrets
import time
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.events.segments import segment_name

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events.settings import EventsSettings

_FOLDER_MODE = 0o750
_FILE_MODE = 0o640
_EVERY = 1.0  # seconds between looks at the clock and at whether the file is still there


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

    """

    def __init__(self, folder: Path, name: str, settings: EventsSettings) -> None:
        self._folder = folder
        self._name = f"{name}-{secrets.token_hex(4)}"
        self._settings = settings
        self._sync = settings.durability == "disk"
        self._handle = -1
        self._size = 0
        self._deadline = 0.0
        self._look = 0.0

    def append(self, lines: bytes) -> None:
        r"""Append whole lines, each ended by ``\n``, with one write.

        Raises
        ------
        StoreError
            Where they could not be written; then none of them is in the log, and the next append starts clean.

        """
        try:
            if self._handle < 0 or self._size >= self._settings.segment_bytes or time.monotonic() >= self._look:
                self._begin_if_due()
            written = os.write(self._handle, lines)
            if written != len(lines):
                self._finish(lines, written)
            if self._sync:
                os.fdatasync(self._handle)
            self._size += len(lines)
        except OSError as error:
            self._undo()
            raise StoreError(
                f"The event log can't be written: {os.strerror(error.errno or errno.EIO)} ({self._folder}).",
                "Free some space, or mend the folder's permissions.",
            ) from None

    def close(self) -> None:
        """Seal the current segment."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _begin_if_due(self) -> None:
        now = time.monotonic()
        full = self._handle < 0 or self._size >= self._settings.segment_bytes or now >= self._deadline
        if full or os.fstat(self._handle).st_nlink == 0:  # the file was deleted under us
            self._begin()
            self._deadline = now + self._settings.segment_seconds
        self._look = now + _EVERY

    def _begin(self) -> None:
        self.close()
        self._size = 0
        self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        path = self._folder / segment_name(dt.datetime.now(dt.UTC), self._name)
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        if self._sync:
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _finish(self, lines: bytes, written: int) -> None:
        # A short write is rare (a nearly full disk, a signal); the rest either follows or the whole batch is undone.
        view = memoryview(lines)[written:]
        while view:
            view = view[os.write(self._handle, view) :]

    def _undo(self) -> None:
        # Only this writer appends here, so cutting back to the last good size takes nobody else's lines.
        if self._handle < 0:
            return
        try:
            os.ftruncate(self._handle, self._size)
        except OSError:
            self.close()  # the torn tail stays at the end of a sealed segment, where readers expect one
