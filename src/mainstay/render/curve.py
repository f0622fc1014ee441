"""A curve with its interval, drawn on plain axes: money over the share that is acted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render import svg
from mainstay.render.axes import value_scale
from mainstay.render.numbers import amount

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 560.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 26.0, 16.0, 34.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def share_curve(
    points: Sequence[tuple[float, float, float, float]],
    *,
    alt: str,
    unit: str = "",
    marked: Sequence[tuple[float, str]] = (),
) -> str:
    """Draw a value over a share, 0 to 1.

    Parameters
    ----------
    points : sequence of (share, value, low, high)
        Ascending by share.
    alt : str
        The chart in a sentence.
    unit : str
        Of the values.
    marked : sequence of (share, words)
        Shares to be marked by a line and a word.

    Returns
    -------
    str
        An SVG element; empty where there is nothing to draw.

    """
    if len(points) < 2:
        return ""
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    scale, ticks = value_scale([0.0, *(each for point in points for each in point[1:])], _TOP, bottom)

    def across(share: float) -> float:
        return _LEFT + share * (right - _LEFT)

    parts = []
    for value in ticks:
        y = scale(value)
        look = "zero" if value == 0 and ticks[0] < 0 else "grid"
        parts.append(svg.mark("line", look, x1=_LEFT, x2=right, y1=y, y2=y))
        parts.append(svg.text(_LEFT - 6, y + 4, amount(value, unit), "t", "end"))
    parts += [svg.text(across(share), bottom + 18, f"{share:.0%}", "t", "middle") for share in _TICKS]
    low = [(across(share), scale(below)) for share, _, below, _ in points]
    high = [(across(share), scale(above)) for share, _, _, above in points]
    parts.append(svg.mark("path", "band", d=svg.polyline([*low, *reversed(high)]) + "z"))
    places = [(across(share), scale(value)) for share, value, _, _ in points]
    parts.append(svg.mark("path", "line", d=svg.polyline(places), fill="none"))
    for share, words in marked:
        x = across(share)
        parts.append(svg.mark("line", "target", x1=x, x2=x, y1=_TOP, y2=bottom))
        end = share > 0.5  # else the words would leave the paper
        parts.append(svg.text(x - 4 if end else x + 4, _TOP + 10, words, "t good halo", "end" if end else "start"))
    return svg.picture(WIDTH, HEIGHT, "".join(parts), alt=alt, look="chart")
