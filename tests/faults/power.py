"""A disk that loses power: what was synced is on it, of the rest some sectors are there, some not, some are garbage.

After the file system that SQLite tests itself with (https://www.sqlite.org/atomiccommit.html, section 9.6) and the one
that PostgreSQL was hurt by: a sync that fails drops the pages it was for, and the next one says that all is well
(https://wiki.postgresql.org/wiki/Fsync_Errors). The files themselves are real; what is simulated is the cache before
them. A byte that was on the disk and isn't written again stays what it is.
"""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Self

from mainstay.events.opened import OpenSegment
from mainstay.events.segments import SEALED

if TYPE_CHECKING:
    from pathlib import Path

_SECTOR = 64
"""Far smaller than a real one, so that short lines are hit as long ones are."""


@dataclass
class _File:
    """What of a file is on the disk: its bytes, the ranges a failed sync took, and whether its name is there."""

    named: bool
    content: bytes = b""
    lost: list[tuple[int, int]] = field(default_factory=list)


class Disk:
    """What survives of the files of some segments.

    Parameters
    ----------
    seed : int
        Of everything that happens by chance.
    failing : float
        Share of the syncs that fail.

    """

    def __init__(self, seed: int, failing: float) -> None:
        self._dice = Random(seed)  # noqa: S311 - no secret
        self._failing = failing
        self._files: dict[Path, _File] = {}
        self._lock = threading.Lock()
        disk = self

        class Segment(OpenSegment):
            """A segment on this disk."""

            @classmethod
            def begin(cls, path: Path, *, durable: bool) -> Self:
                made = super().begin(path, durable=durable)
                with disk._lock:
                    disk._files[path] = _File(named=durable)
                return made

            def sync(self) -> int:
                size, begun = self.size, self.path.read_bytes()
                time.sleep(disk._dice.random() * 0.0005)
                if disk._dice.random() < disk._failing:
                    disk._drop(self.path, len(begun))
                    raise OSError(errno.EIO, "a failing disk")
                disk._keep(self.path, begun)
                return size

            def seal(self) -> None:
                disk._keep(self.path, self.path.read_bytes(), named=True)
                super().seal()

        self.segments: type[OpenSegment] = Segment

    def cut(self, into: Path) -> None:
        """Write down what is left when the power goes now."""
        with self._lock:
            for path, file in list(self._files.items()):
                if not path.exists() or (not file.named and self._dice.random() < 0.5):
                    continue
                (into / path.name).write_bytes(self._left(file, path.read_bytes()))
                sealed = path.with_suffix(SEALED)
                if sealed.exists():
                    (into / sealed.name).write_bytes(sealed.read_bytes())

    def _keep(self, path: Path, content: bytes, *, named: bool = False) -> None:
        with self._lock:
            file = self._files[path]
            for start, end in file.lost:  # these pages count as clean: nobody writes them again
                content = content[:start] + bytes(len(content[start:end])) + content[end:]
            file.content = content
            file.named = file.named or named

    def _drop(self, path: Path, size: int) -> None:
        with self._lock:
            file = self._files[path]
            file.lost.append((len(file.content), size))

    def _left(self, file: _File, cached: bytes) -> bytes:
        old, dice = file.content, self._dice
        shorter, longer = sorted((len(old), len(cached)))
        left = bytearray(dice.choice((shorter, longer, dice.randint(shorter, longer))))
        same = next((place for place in range(shorter) if old[place] != cached[place]), shorter)
        left[:same] = old[:same]
        for start in range(same - same % _SECTOR, len(left), _SECTOR):
            first, end = max(start, same), min(start + _SECTOR, len(left))
            source = dice.choice((cached, cached, old, b"", dice.randbytes(end)))
            part = source[first:end]
            left[first : first + len(part)] = part
        return bytes(left)
