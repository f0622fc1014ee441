"""Scales and ticks: where a time or a value lies on the chart, and which ones are written beside it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

_STEPS = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600)


@dataclass(frozen=True)
class TimeScale:
    """From a moment to a position.

    Parameters
    ----------
    start, end : datetime
        The range; an empty one is widened to a second.
    left, right : float
        Where its ends lie, SVG units.

    """

    start: dt.datetime
    end: dt.datetime
    left: float
    right: float

    @property
    def seconds(self) -> float:
        """Length of the range, seconds; never zero."""
        return max((self.end - self.start).total_seconds(), 1.0)

    def __call__(self, at: dt.datetime) -> float:
        """Give the position of a moment, kept inside the range."""
        share = (at - self.start).total_seconds() / self.seconds
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def width(self, seconds: float) -> float:
        """Give the width of a stretch of time."""
        return seconds / self.seconds * (self.right - self.left)

    def ticks(self, most: int) -> tuple[float, tuple[dt.datetime, ...]]:
        """Give the step in seconds and round moments on it, at most `most` of them.

        Examples
        --------
        >>> day = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        >>> step, ticks = TimeScale(day, day + dt.timedelta(days=28), 0, 100).ticks(5)
        >>> step / 86400, [t.day for t in ticks]
        (7.0, [2, 9, 16, 23])

        """
        step = next((float(s) for s in _STEPS if self.seconds / s <= most), 0.0)
        if not step:
            months = math.ceil(self.seconds / (30 * 86_400) / most)
            return 30 * 86_400.0, _months(self.start, self.end, months)
        monday = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)  # weeks begin on a Monday
        first = math.ceil((self.start - monday).total_seconds() / step)
        last = math.floor((self.end - monday).total_seconds() / step)
        return step, tuple(monday + dt.timedelta(seconds=step * i) for i in range(first, last + 1))


@dataclass(frozen=True)
class ValueScale:
    """From a value to a height.

    Parameters
    ----------
    low, high : float
        The range.
    top, bottom : float
        Where `high` and `low` lie, SVG units.

    """

    low: float
    high: float
    top: float
    bottom: float

    def __call__(self, value: float) -> float:
        """Give the height of a value, kept inside the range."""
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - min(max(share, 0.0), 1.0) * (self.bottom - self.top)


def value_scale(values: list[float], top: float, bottom: float, most: int = 5) -> tuple[ValueScale, tuple[float, ...]]:
    """Fit a scale with round ticks around `values`; zero is included where it is near enough to matter.

    Examples
    --------
    >>> scale, ticks = value_scale([7100.0, 9800.0], 0, 100)
    >>> ticks
    (7000.0, 8000.0, 9000.0, 10000.0)

    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if 0 < low < 0.5 * high:
        low = 0.0
    elif 0.5 * low < high < 0:
        high = 0.0
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    step = _round_step((high - low) / max(most - 1, 1))
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    steps = round((high - low) / step)
    return ValueScale(low, high, top, bottom), tuple(float(f"{low + step * i:.10g}") for i in range(steps + 1))


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)


def _months(start: dt.datetime, end: dt.datetime, every: int) -> tuple[dt.datetime, ...]:
    found = []
    year, month = start.year, start.month
    while (at := dt.datetime(year, month, 1, tzinfo=dt.UTC)) <= end:
        if at >= start:
            found.append(at)
        month += every
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return tuple(found)
