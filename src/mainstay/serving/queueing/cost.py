"""`Cost`: what a batch takes right now, and `Patience`: how long a newcomer may have to wait for its turn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.serving.pace import Pace

_WEIGHT = 0.2  # of the newest batch
_MOST_AT_ONCE = 4.0  # a batch that was held up says little about the next one
_WINDOW = 0.5  # seconds over which the load is averaged
_STANDING = 2.0  # calls' time that may be waited where more comes than can be answered


class Cost:
    """What a batch takes: the pace that was measured, times how much slower or faster it is by now.

    Parameters
    ----------
    pace : Pace
        As it was measured.

    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._factor = 1.0

    def seconds(self, records: int) -> float:
        """Say what a call for so many records takes."""
        return self._factor * self.pace.seconds(records)

    def work(self, records: int) -> float:
        """Say what so many records take of a thread's time, where every call is as large as is worth it."""
        most = self.pace.most
        calls, rest = divmod(records, most)
        return calls * self.seconds(most) + (self.seconds(most) * rest / most if rest else 0.0)

    def learn(self, records: int, seconds: float) -> None:
        """Take in what a batch took; smoothed exponentially."""
        found = seconds / self.pace.seconds(records)
        bounded = min(max(found, self._factor / _MOST_AT_ONCE), self._factor * _MOST_AT_ONCE)
        self._factor += _WEIGHT * (bounded - self._factor)


class Patience:
    """How long a newcomer may have to wait.

    A burst may wait for `burst` seconds. Where more comes than can be answered, waiting only makes every answer late,
    so no more is let in than keeps the model busy: twice what one record takes (the controlled delay of B. Maurer,
    "Fail at Scale", ACM Queue 13(8), 2015; here told by the load that is offered, what is refused included).

    Parameters
    ----------
    burst : float
        Seconds.

    """

    def __init__(self, burst: float) -> None:
        self._burst = burst
        self._offered = 0.0
        self._at = -math.inf

    def offer(self, work: float, now: float) -> None:
        """Count seconds of work that somebody asks for, whether they get in or not."""
        self._offered = self._offered * math.exp((self._at - now) / _WINDOW) + work
        self._at = now

    def allowed(self, alone: float) -> float:
        """Say how many seconds may be waited where one record takes `alone`."""
        standing = _STANDING * alone
        return standing if self._offered > _WINDOW else max(standing, self._burst)
