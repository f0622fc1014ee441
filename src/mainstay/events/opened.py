"""`OpenSegment`: the file that one writer appends to and holds the lock of, until it is sealed."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from mainstay.events.segments import sync_folder, write_seal

if TYPE_CHECKING:
    from pathlib import Path

FOLDER_MODE = 0o750
_FILE_MODE = 0o640


class OpenSegment:
    """A segment while it is written. Only its writer appends here, so cutting it back takes nobody else's lines.

    Parameters
    ----------
    path : Path
        The file.
    handle : int
        Open to append, and locked.

    Attributes
    ----------
    size : int
        Bytes that were written whole.
    synced : int
        Bytes of them that are known to be on the disk.
    waits : int
        How many wait for a sync of it: until then it stays open.

    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.size = self.synced = self.waits = 0
        self._handle = handle
        self._left = False
        self._sealing: threading.Thread | None = None

    @classmethod
    def begin(cls, path: Path, *, durable: bool) -> Self:
        """Make the file, and where it is to be `durable`, its name, too; raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if durable:
                sync_folder(path.parent)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(handle)
            raise
        return cls(path, handle)

    def write(self, lines: bytes) -> None:
        """Append with one write; raises OSError, and then `undo` takes away what was written of it."""
        written = os.write(self._handle, lines)
        if written != len(lines):
            # Rare (a nearly full disk, a signal); the rest either follows or the whole batch is undone.
            view = memoryview(lines)[written:]
            while view:
                view = view[os.write(self._handle, view) :]
        self.size += len(lines)

    def sync(self) -> int:
        """Force what is written to the disk; gives how much of it surely is. From any thread; raises OSError."""
        size = self.size
        os.fdatasync(self._handle)
        return size

    def undo(self, size: int) -> bool:
        """Cut the file back to a size it had; says whether it could be, and what follows may be appended here."""
        try:
            if os.fstat(self._handle).st_size < size:  # somebody else cut it already
                return False
            os.ftruncate(self._handle, size)
        except OSError:
            return False  # the torn tail stays at the end of this segment, where readers expect one
        self.size = size
        return True

    def was_tampered_with(self) -> bool:
        """Whether the file was deleted or cut under us."""
        found = os.fstat(self._handle)
        return found.st_nlink == 0 or found.st_size < self.size

    @property
    def is_sealed(self) -> bool:
        """Whether it was let go."""
        return self._handle < 0

    def leave(self) -> None:
        """Seal it in a thread beside, as soon as nobody waits for a sync of it any more."""
        self._left = True
        self.release(0)

    def release(self, waits: int = 1) -> None:
        """Tell that one that waited for a sync doesn't any more."""
        self.waits -= waits
        if not self._left or self.waits or self.is_sealed or self._sealing is not None:
            return
        self._sealing = threading.Thread(target=self.seal, name=f"seal {self.path.name}")
        try:
            self._sealing.start()
        except RuntimeError:  # no thread can be had: whoever finds it unlocked seals it
            self._sealing = None
            self.close()

    def seal(self) -> None:
        """Force it to the disk, write its seal, and let it go; one without a line is removed."""
        with suppress(OSError):  # whoever finds it unlocked seals it
            if self.size:
                write_seal(self.path)
            elif os.fstat(self._handle).st_size == 0:
                self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let it go as it is."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            with suppress(OSError):
                os.close(handle)

    def wait(self) -> None:
        """Wait until it is sealed, where it is being sealed beside; seal it here where it isn't."""
        if self._sealing is not None:
            self._sealing.join()
        else:
            self.seal()
