"""`Rates`: how often each key may call, right across worker processes."""

from __future__ import annotations

import mmap
import os
import tempfile
import time

FILES = 64
"""How many files of keys one server reads at most."""
KEYS = 4096
"""How many keys of one file are counted apart."""
SHARED = "MAINSTAY_RATES"
_SIZE = FILES * KEYS * 8
_WINDOW = 1.0  # seconds: a caller may spend at once what it gets in so long


class Rates:
    """Counts requests by key with the generic cell rate algorithm: a token bucket kept as one time per key.

    The time at which a key has nothing left to pay stands in memory that all workers of a server share, so that a
    limit is one limit, whichever of them a connection came to. Nothing is locked: two workers that write one time in
    the same moment lose one of two requests, which a limit can bear and the hot path can't afford to prevent.

    Parameters
    ----------
    file : int
        Number of the open file that the workers share; without it this process counts alone.

    Notes
    -----
    ATM Forum, Traffic Management Specification 4.0 (1996), section 4.4.2, virtual scheduling.

    """

    def __init__(self, file: int = -1) -> None:
        self.file = file
        self._map = mmap.mmap(file, _SIZE)
        self._due = memoryview(self._map).cast("d")

    @classmethod
    def shared(cls) -> Rates:
        """Make the counts of a server of several processes; what nobody writes to takes no memory."""
        with tempfile.TemporaryFile() as file:
            file.truncate(_SIZE)
            return cls(os.dup(file.fileno()))

    @classmethod
    def of_environment(cls) -> Rates:
        """Take the counts the supervisor gave this process; without any, count alone."""
        given = os.environ.get(SHARED, "")
        return cls(int(given)) if given else cls()

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
        if self.file >= 0:
            os.close(self.file)


def place_of(file: int, number: int) -> int:
    """Give the place of a key: by its file's place among those the server reads, and its own number there."""
    return file % FILES * KEYS + number % KEYS
