"""Lengths of time as the project file writes them."""

from __future__ import annotations

from typing import Annotated

import msgspec

Length = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?[smhdw]$", description="a length such as '15m', '6h', '1d' or '2w'")
]
"""A length of time: ``"30s"``, ``"15m"``, ``"6h"``, ``"1d"``, ``"2w"``."""

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def seconds_of(length: str) -> float:
    """Read a length of time: ``"30s"``, ``"15m"``, ``"6h"``, ``"1d"``, ``"2w"``.

    Examples
    --------
    >>> seconds_of("90s"), seconds_of("1.5h")
    (90.0, 5400.0)

    """
    return float(length[:-1]) * _SECONDS[length[-1]]
