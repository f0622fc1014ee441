"""How a test of the score is written down."""

from __future__ import annotations

import msgspec


class Rated(msgspec.Struct, frozen=True):
    """Points, what was found, and what would earn the rest."""

    points: float
    evidence: str
    earn: str = ""


def rated(*steps: tuple[bool, float, str], earn: str) -> Rated:
    """Take the first step that holds; none, nothing.

    Parameters
    ----------
    steps : tuple of (holds, points, evidence)
        Best first.
    earn : str
        What would earn what is missing.

    Examples
    --------
    >>> rated((False, 1, "tested each time"), (True, 0.5, "looked at once"), earn="Test it.")
    Rated(points=0.5, evidence='looked at once', earn='Test it.')

    """
    for holds, points, evidence in steps:
        if holds:
            return Rated(points, evidence, earn if points < 1 else "")
    return Rated(0.0, "Nothing is written down.", earn)
