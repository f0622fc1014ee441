"""The time axis of a chart: at most sixty windows of a round length, whatever the age of the log."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 60
FEWEST_ROWS = 50
_DAY = 86_400
_LENGTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, _DAY)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Grid(msgspec.Struct, frozen=True):
    """Windows side by side.

    Parameters
    ----------
    start : datetime
        Start of the first, UTC.
    window : float
        Length of each, seconds.
    windows : int
        How many, at most `MOST`.

    """

    start: dt.datetime
    window: float
    windows: int

    @property
    def end(self) -> dt.datetime:
        """End of the last."""
        return self.at(self.windows)

    def at(self, place: int) -> dt.datetime:
        """Give the start of a window."""
        return self.start + dt.timedelta(seconds=self.window * place)

    def ends(self, place: int) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Give start and end of a window; what lies before the first, or after the last, belongs to it."""
        return self.at(place) if place else None, self.at(place + 1) if place + 1 < self.windows else None

    def places(self, seconds: Floats) -> NDArray[np.int64]:
        """Give the window each moment (seconds since 1970) falls into."""
        places = ((seconds - (self.start - _EPOCH).total_seconds()) // self.window).astype(np.int64)
        return np.clip(places, 0, self.windows - 1)


def make_grid(begun: dt.datetime, now: dt.datetime, rows: int) -> Grid:
    """Choose the windows between `begun` and `now`.

    The length is the shortest round one that needs at most `MOST` windows and leaves, on average, `FEWEST_ROWS` rows
    to each; windows start at round times, so that a day is a day.

    Examples
    --------
    >>> now = dt.datetime(2026, 11, 22, 16, tzinfo=dt.UTC)
    >>> grid = make_grid(now - dt.timedelta(days=30), now, 10**6)
    >>> grid.window, grid.windows
    (86400.0, 31)

    """
    seconds = max((now - begun).total_seconds(), 1.0)
    wanted = min(MOST - 1, max(rows // FEWEST_ROWS, 1))
    least = seconds / wanted
    length = next((size for size in _LENGTHS if size >= least), _DAY * -(-int(least) // _DAY))
    first = (begun - _EPOCH).total_seconds() // length * length
    count = int(((now - _EPOCH).total_seconds() - first) // length) + 1
    return Grid(_EPOCH + dt.timedelta(seconds=first), float(length), count)
