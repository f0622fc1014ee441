"""Dots with their intervals, one a line: candidates, segments, whatever is compared on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render import svg
from mainstay.render.axes import value_scale
from mainstay.render.numbers import amount

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 560.0
_GUTTER, _RIGHT, _ROW, _AXIS = 170.0, 44.0, 26.0, 30.0
_MOST = 40
_LARGEST = 16.0  # what the style sheet makes of 12 on a phone


def interval_dots(
    rows: Sequence[tuple[str, float, float, float]], *, alt: str, unit: str = "", strong: Sequence[str] = ()
) -> str:
    """Draw values with intervals below each other.

    Parameters
    ----------
    rows : sequence of (label, value, low, high)
        From top to bottom; at most 40 are drawn.
    alt : str
        The picture in a sentence.
    unit : str
        Of the values.
    strong : sequence of str
        Labels to be set in bold: the chosen one.

    Returns
    -------
    str
        An SVG element; empty where there is nothing to draw.

    """
    if not rows:
        return ""
    drawn = rows[:_MOST]
    scale, ticks = value_scale([each for row in drawn for each in row[1:]], WIDTH - _RIGHT, _GUTTER + 10, most=4)
    bottom = len(drawn) * _ROW + 4
    parts = []
    for value in ticks:
        x = scale(value)
        parts.append(svg.mark("line", "zero" if value == 0 else "grid", x1=x, x2=x, y1="0", y2=bottom))
        parts.append(svg.text(x, bottom + 18, amount(value, unit), "t", "middle"))
    for place, (label, value, low, high) in enumerate(drawn):
        y = place * _ROW + _ROW / 2 + 2
        look = "t strong" if label in strong else "t ink"
        parts.append(svg.text(_GUTTER, y + 4, svg.shorten(label, _GUTTER, _LARGEST), look, "end"))
        parts.append(svg.mark("path", "line", d=svg.polyline([(scale(low), y), (scale(high), y)])))
        parts.append(svg.mark("circle", "dot", cx=scale(value), cy=y, r="4.5"))
    return svg.picture(WIDTH, bottom + _AXIS, "".join(parts), alt=alt, look="chart")
