"""`Reach`: whether the registry answers a worker, and since when it doesn't."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HANGS = 3.0  # seconds a look may take before the registry counts as away


class Reach:
    """Written by the thread that looks, read by everybody: a look that never ends is seen all the same.

    Parameters
    ----------
    clock : callable
        Gives seconds that only grow.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._good = clock()
        self._begun: float | None = None
        self.why = ""
        """What the last look failed at; empty where it succeeded."""

    def begin(self) -> None:
        """Begin a look."""
        self._begun = self._clock()

    def good(self) -> None:
        """End a look that was answered."""
        self._good, self._begun, self.why = self._clock(), None, ""

    def lost(self, why: str) -> None:
        """End a look that was not."""
        self._begun, self.why = None, why

    @property
    def age(self) -> float:
        """Seconds since the registry was last heard of."""
        return max(0.0, self._clock() - self._good)

    @property
    def trouble(self) -> str:
        """Say why it can't be reached; empty where it can."""
        if self.why:
            return self.why
        begun = self._begun
        if begun is not None and self._clock() - begun > _HANGS:
            return "The registry doesn't answer."
        return ""

    @property
    def since(self) -> dt.datetime:
        """When it was last heard of, UTC."""
        return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=self.age)
