"""Ranges for a draft: wide enough that honest new records pass, narrow enough that nonsense doesn't."""

from __future__ import annotations

import math
import sys

_ROOM = 1.3
_NEARLY_ONE, _PER_CENT = 0.8, 100
_LEAST, _MOST = 1e-300, 1e307  # beyond these a float has no room left
_ANGLES = {"latitude": 90.0, "lat": 90.0, "longitude": 180.0, "lon": 180.0, "lng": 180.0, "long": 180.0}
_STEPS = (1.0, 2.0, 5.0, 10.0)


def draft_range(low: float, high: float) -> tuple[float, float]:
    """Draft a range from the least and the greatest value seen.

    The ends are nice numbers at least 30 % beyond what was seen; an end stays at zero where nothing crosses it, and
    at 1 or 100 where shares or percentages end there.

    Examples
    --------
    >>> draft_range(0, 72), draft_range(18.25, 118.75), draft_range(-124.35, -114.31)
    ((0.0, 100.0), (0.0, 200.0), (-200.0, 0.0))
    >>> draft_range(0.02, 0.97), draft_range(3, 100)
    ((0.0, 1.0), (0.0, 100.0))

    """
    if low >= 0 and (_NEARLY_ONE < high <= 1 or high == _PER_CENT):
        return 0.0, float(math.ceil(high))
    least = 0.0 if low >= 0 else -nice_above(-low * _ROOM)
    most = 0.0 if high <= 0 else nice_above(high * _ROOM)
    return (least, most) if least < most else (least, least + 1.0)


def known_range(name: str, low: float, high: float) -> tuple[float, float] | None:
    """Give the range that everybody knows for a column of that name; None where there is none, or it isn't kept to.

    Examples
    --------
    >>> known_range("Latitude", 32.5, 42.0), known_range("price", 1, 2)
    ((-90.0, 90.0), None)

    """
    most = _ANGLES.get(name.casefold().rpartition("_")[2])
    return (-most, most) if most is not None and -most <= low and high <= most else None


def nice_above(value: float) -> float:
    """Give the next of 1, 2, 5, 10, 20, 50, ... that is at least `value`, which is positive.

    Examples
    --------
    >>> nice_above(93.6), nice_above(154), nice_above(0.013)
    (100.0, 200.0, 0.02)

    """
    if value > _MOST:
        return sys.float_info.max
    value = max(value, _LEAST)
    power = math.floor(math.log10(value))
    for step in _STEPS:
        nice = step * 10.0**power if power >= 0 else step / 10.0**-power
        if nice >= value:
            return nice
    return 10.0 ** (power + 1)  # the logarithm was rounded down at a power of ten
