"""`Rates`: how often each key may call, right across worker processes."""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path

FILES = 64
"""How many files of keys one server reads at most."""
KEYS = 4096
"""How many keys of one file are counted apart."""
_BYTES = 8
_WINDOW = 1.0  # seconds: a caller may spend at once what it gets in so long


class Rates:
    """Counts requests by key with the generic cell rate algorithm: a token bucket kept as one time per key.

    The time at which a key has nothing left to pay stands in memory that all workers of a server share, so that a
    limit is one limit, whichever of them a connection came to. Nothing is locked: two workers that write one time in
    the same moment lose one of two requests, which a limit can bear and the hot path can't afford to prevent.

    Parameters
    ----------
    path : Path, optional
        A file that the workers share; without one this process counts alone.

    Notes
    -----
    ATM Forum, Traffic Management Specification 4.0 (1996), section 4.4.2, virtual scheduling.

    """

    def __init__(self, path: Path | None = None) -> None:
        size = FILES * KEYS * _BYTES
        if path is None:
            self._map = mmap.mmap(-1, size)
        else:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.ftruncate(handle, size)  # what is there already stays; holes take no room
                self._map = mmap.mmap(handle, size)
            finally:
                os.close(handle)
        self._due = memoryview(self._map).cast("d")

    def take(self, place: int, rate: float) -> float:
        """Let a request of a key pass, or say how many seconds it must wait: 0 where it passes.

        Examples
        --------
        >>> rates = Rates()
        >>> [rates.take(0, 2.0) > 0 for _ in range(3)]
        [False, False, True]

        """
        now = time.monotonic()  # one clock for all processes of a machine
        each = 1.0 / rate
        due = self._due[place]
        wait = due - now - max(0.0, _WINDOW - each)
        if wait > 1e-9:  # due is a sum of many small lengths
            return wait
        self._due[place] = max(due, now) + each
        return 0.0

    def left(self, place: int, rate: float) -> int:
        """Say how many requests a key may send at once."""
        wait = max(0.0, self._due[place] - time.monotonic())
        return max(0, int((max(_WINDOW, 1.0 / rate) - wait) * rate + 1e-6))

    def close(self) -> None:
        """Let go of the memory."""
        self._due.release()
        self._map.close()


def place_of(file: int, number: int) -> int:
    """Give the place of a key: by its file's place among those the server reads, and its own number there."""
    return file % FILES * KEYS + number % KEYS


def shared_rates(folder: str) -> Rates:
    """Open the counts that the workers of a server share in a folder; alone where there is none."""
    return Rates(Path(folder) / "rates") if folder else Rates()
