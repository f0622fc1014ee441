"""`Breaker`: takes an arm out of rotation while it fails, and lets it back when it answers again.

The circuit breaker of M. Nygard, *Release It!* (2007): closed, open, half-open. One per arm and worker, asked on the
event loop alone, so it needs no lock; while it is closed a request costs it one attribute and one count.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

BreakerState = Literal["closed", "open", "half-open"]

WITHIN = 5.0
"""Seconds in which failures are counted together: whoever fails steadily is out of rotation before they are over."""
LEAST = 4
"""Failures that tell something: a record may be at fault, and so may a second."""
PROBES = 3
"""Answers in a row that close a breaker again."""
PAUSE = 2.0
"""Seconds until an arm that was taken out is asked again; doubled each time it fails then."""
LONGEST = 60.0
"""Seconds that pause has at most."""
_PATIENCE = 5.0  # seconds after which a probe that nobody has told the end of is taken for lost


class Breaker:
    """Whether one arm is asked.

    Parameters
    ----------
    share : float
        Of what is asked within five seconds, the share that has to fail for the arm to be taken out.
    clock : callable
        Gives seconds that only grow.

    Attributes
    ----------
    closed : bool
        Whether all is well: whoever asks looks at this first, and calls nothing else where it holds.
    asked : int
        How often the arm was asked while the breaker was closed; counted by whoever asks.
    trips : int
        How often it was taken out.
    why : str
        What it failed at last.

    Examples
    --------
    >>> breaker = Breaker(clock=lambda: 0.0)
    >>> for _ in range(4):
    ...     breaker.asked += 1
    ...     breaker.failed("ValueError")
    >>> breaker.state, breaker.admits()
    ('open', False)

    """

    __slots__ = ("_before", "_clock", "_failures", "_passed", "_pause", "_probe", "_share", "_until", "asked", "closed",
                 "trips", "value", "why")  # fmt: skip

    def __init__(self, share: float = 0.5, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._failures: deque[float] = deque()
        self._before: deque[tuple[float, int]] = deque()
        """How often it had been asked at moments of the last seconds."""
        self._pause = PAUSE
        self._until = 0.0
        self._probe: float | None = None
        self._passed = 0
        self.closed = True
        self.asked = 0
        self.trips = 0
        self.value = 0.0
        """The share that had failed when it was taken out."""
        self.why = ""

    @property
    def state(self) -> BreakerState:
        """Name the state: in half-open the arm is asked one thing at a time."""
        if self.closed:
            return "closed"
        return "open" if self._clock() < self._until else "half-open"

    def admits(self) -> bool:
        """Say whether the arm may be asked now; where it is half-open, this is the one probe until its end is told."""
        if self.closed:
            return True
        now = self._clock()
        if now < self._until or (self._probe is not None and now - self._probe < _PATIENCE):
            return False
        self._probe = now
        return True

    def passed(self) -> None:
        """Tell that a probe was answered; needn't be called while the breaker is closed."""
        if self.closed or self._probe is None:
            return
        self._probe = None
        self._passed += 1
        if self._passed >= PROBES:
            self.closed, self.why, self.value = True, "", 0.0
            self._pause, self._passed = PAUSE, 0
            self._failures.clear()
            self._before.clear()
            self._before.append((self._clock(), self.asked))

    def failed(self, why: str) -> None:
        """Tell that the arm failed, or took longer than its guard lets it."""
        now = self._clock()
        if not self.closed:
            if self._probe is not None:  # what was asked before it was taken out says nothing new
                self._open(now, why, min(LONGEST, 2 * self._pause))
            return
        failures = self._failures
        failures.append(now)
        while failures[0] < now - WITHIN:
            failures.popleft()
        counted = self._counted(now)
        if len(failures) < LEAST:
            return
        asked = max(len(failures), self.asked - counted)
        if len(failures) >= self._share * asked:
            self.value = len(failures) / asked
            self._open(now, why, PAUSE)

    def tick(self) -> None:
        """Note how often it was asked until now; called about once a second by whoever asks often."""
        if self.closed:
            self._before.append((self._clock(), self.asked))
            self._counted(self._before[-1][0])

    def _counted(self, now: float) -> int:
        """Say how often it had been asked when the last seconds began."""
        before = self._before
        while before and before[0][0] < now - WITHIN:
            before.popleft()
        if not before:
            before.append((now, self.asked - 1))
        return before[0][1]

    def _open(self, now: float, why: str, pause: float) -> None:
        self.closed = False
        self.trips += 1
        self.why = why
        self._pause, self._until = pause, now + pause
        self._probe, self._passed = None, 0
        self._failures.clear()
