"""`Meter`: a budget of seconds kept by counting work, so that the same seed gives the same model on any machine.

Whether a search goes on must not depend on how busy the machine is. So nothing asks the clock: work is priced in the
seconds it takes on one core of a modest machine, and whoever wants to do some asks whether the budget still covers it.
The clock is a safety net alone: where the real seconds run far beyond the budget, `late` says so, whoever works stops
at the next good place, and the training says aloud that it was cut.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PER_LEAF = 2.2e-6  # seconds for each leaf and column of a tree: finding the best split
_PER_CELL = 1.1e-9  # seconds for each cell and level of a tree: filling the histograms
_NET, _GRACE = 5.0, 30.0  # the clock cuts beyond so many times the budget and so many seconds


class Meter:
    """Counts work against a budget.

    Parameters
    ----------
    seconds : float
        The budget.
    clock : callable
        Gives the real seconds; only the safety net reads it.

    Examples
    --------
    >>> meter = Meter(10.0)
    >>> meter.covers(8.0)
    True
    >>> meter.spend(8.0)
    >>> meter.covers(8.0)
    False

    """

    def __init__(self, seconds: float = 20.0, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds = seconds
        self.spent = 0.0
        self.cut = False
        self._clock = clock
        self._stop = clock() + _NET * seconds + _GRACE

    @property
    def left(self) -> float:
        """What is left of the budget, in its seconds; never below 0."""
        return max(self.seconds - self.spent, 0.0)

    @property
    def late(self) -> bool:
        """Whether the real clock has run so far beyond the budget that work must stop here; remembers that it did."""
        self.cut = self.cut or self._clock() > self._stop
        return self.cut

    def covers(self, price: float) -> bool:
        """Say whether the budget covers work of this price."""
        return self.spent + price <= self.seconds

    def spend(self, price: float) -> None:
        """Count work that is done."""
        self.spent += price

    def share(self, part: float) -> Meter:
        """Give a part of what is left as a budget of its own, under the same safety net."""
        meter = Meter(part * self.left, self._clock)
        meter._stop = self._stop
        return meter


def tree_price(rows: int, columns: int, leaves: float) -> float:
    """Price one boosted tree, in seconds of one modest core; measured with LightGBM's histograms."""
    return _PER_LEAF * leaves * columns + _PER_CELL * rows * columns * math.log2(leaves + 1)
