"""`Gap`: what is left out between learning and scoring in order of time, as long as answers take to become known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPELLED = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d|w)$")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


@dataclass(frozen=True)
class Gap:
    """So many rows, or so many seconds.

    Parameters
    ----------
    rows : int
        The latest rows before a fold that it doesn't learn from.
    seconds : float
        Or: the rows of so many seconds before it.
    words : str
        As it was written.

    """

    rows: int = 0
    seconds: float = 0.0
    words: str = ""

    def __str__(self) -> str:
        """Give it as it was written."""
        return self.words

    def before(self, times: NDArray[np.float64], start: int) -> int:
        """Say up to which row (exclusive) a fold that starts at row `start` of ordered `times` may learn.

        Examples
        --------
        >>> Gap(seconds=10.0).before(np.array([0.0, 5.0, 10.0, 15.0, 20.0]), 4)
        2

        """
        if self.rows:
            return max(start - self.rows, 0)
        return int(np.searchsorted(times, times[start] - self.seconds, side="left"))


def read_gap(said: str | int) -> Gap | None:
    """Read ``[training] gap``: a number of rows, or a duration such as ``"7d"``; None where it says none.

    Raises
    ------
    ValueError
        Where it is neither.

    Examples
    --------
    >>> read_gap("2h").seconds
    7200.0

    """
    if isinstance(said, int):
        if said < 0:
            raise ValueError(f"gap is {said}, which must be 0 rows or more, or a duration such as '7d'")
        return Gap(rows=said, words=f"{said} rows") if said else None
    if not said.strip():
        return None
    match = _SPELLED.match(said.strip())
    if match is None:
        raise ValueError(f"gap is '{said}'; write a number of rows, or a duration such as '12h', '7d' or '2w'")
    seconds = float(match[1]) * _SECONDS[match[2]]
    return Gap(seconds=seconds, words=said.strip()) if seconds else None
