"""`Recorder`: what a worker is doing with which version, in a file that outlives it.

A crash leaves no time to write anything down, so it is written before: the version that is loaded, and the one that is
asked. It lies in shared memory, where a word costs as much as an attribute; the kernel keeps what the process can't.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import secrets
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableSequence

Slot: TypeAlias = "MutableSequence[int] | memoryview[int]"
"""Where one number is noted, at place 0."""
_WORDS = struct.Struct("=4q")
_BOOT, _RELEASE, _LOADING, _ASKED = range(4)
_ENDING = ".worker"


class Last(msgspec.Struct, frozen=True):
    """The last words of a worker that is dead, or is leaving.

    Parameters
    ----------
    release : int
        The moment of the release it was taking up, or answering by: microseconds since 1970.
    loading : int
        The version that was being loaded, proved or warmed up; 0 where none was.
    asked : int
        The version that was being asked; 0 where none was.

    """

    release: int
    loading: int
    asked: int


class Recorder:
    """One worker's words about one model.

    Parameters
    ----------
    folder : Path
        Where the files of all workers of this machine are; made here. Where it can't be written nothing is kept, and
        all else goes on.

    Attributes
    ----------
    asking : Slot
        ``asking[0]`` is the version that is asked: set before a model is called, and 0 again after.

    """

    def __init__(self, folder: Path) -> None:
        self._path, self._handle, self._memory = _make(folder)
        self._words = memoryview(self._memory).cast("q")
        self.asking: Slot = self._words[_ASKED : _ASKED + 1]
        self._words[_BOOT] = boot()

    def takes_up(self, release: int) -> None:
        """Tell which release what follows belongs to, by its moment in microseconds since 1970."""
        self._words[_RELEASE] = release

    def loads(self, version: int) -> None:
        """Tell that a version is being loaded; 0 that it is done."""
        self._words[_LOADING] = version

    def close(self) -> None:
        """Leave in order: nothing is left behind."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._path = None


def dead(folder: Path) -> Iterator[Last]:
    """Find what workers left that didn't leave in order; each is given to one caller alone, and is gone after it.

    A file is a living worker's as long as that worker holds its lock, which the kernel takes away however it ends. What
    was left before this machine was started anew says nothing about a version.
    """
    for path in sorted(folder.glob(f"*{_ENDING}")):
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            continue
        try:
            with suppress(OSError):  # a living one's, or another finder's
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                said = os.pread(handle, _WORDS.size, 0)
                if len(said) == _WORDS.size and path.exists():
                    words = _WORDS.unpack(said)
                    if words[_BOOT] == boot():
                        yield Last(words[_RELEASE], words[_LOADING], words[_ASKED])
                path.unlink()  # last: whoever is killed in between leaves it to the next
        finally:
            os.close(handle)


def boot() -> int:
    """Give a number of its own to each start of this machine; 0 where it can't be told."""
    with suppress(OSError):
        said = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        return int.from_bytes(hashlib.blake2b(said, digest_size=7).digest(), "big")
    return 0


def _make(folder: Path) -> tuple[Path | None, int, mmap.mmap]:
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    half = folder / f".{name}.tmp"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # Locked before it has the name that others look for; written, so that a full disk is told now and not at
            # a later touch of the memory.
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.write(handle, bytes(_WORDS.size))
            os.fsync(handle)
            memory = mmap.mmap(handle, _WORDS.size)
            path = folder / f"{name}{_ENDING}"
            half.rename(path)
        except OSError:
            os.close(handle)
            with suppress(OSError):
                half.unlink()
            raise
    except OSError:
        return None, -1, mmap.mmap(-1, _WORDS.size)
    return path, handle, memory
