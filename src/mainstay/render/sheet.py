"""`Sheet`: the paper a chart is drawn on, for a desk or for a phone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """The paper: how wide it is and where the plot lies on it.

    Parameters
    ----------
    width : float
        SVG units.
    left, right : float
        Ends of the plot.
    ticks : int
        How many dates fit.
    key : str
        Makes ids unique on a page.

    """

    width: float
    left: float
    right: float
    ticks: int
    key: str

    @property
    def roomy(self) -> bool:
        """Whether names fit beside the plot; otherwise they stand above what they name."""
        return self.left > 100


def wide(key: str = "w") -> Sheet:
    """Give the sheet for a desk."""
    return Sheet(1120, 156, 1108, 9, key)


def narrow(key: str = "n") -> Sheet:
    """Give the sheet for a phone."""
    return Sheet(342, 46, 338, 5, key)
