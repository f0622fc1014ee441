"""Said against happened: dots with whiskers along the diagonal that calibrated scores lie on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.axes import value_scale
from mainstay.render.numbers import number
from mainstay.render.svg import f, mark, picture, text

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _TALL = 360.0, 300.0
_LEFT, _RIGHT, _TOP, _FLOOR = 48.0, 348.0, 12.0, 256.0


def reliability_plot(points: Sequence[tuple[float, float, float, float]], *, alt: str) -> str:
    """Draw a reliability curve.

    Parameters
    ----------
    points : sequence of (said, happened, low, high)
        Mean score of a bin, share of positives in it, and the interval of that share; 0 to 1.
    alt : str
        The picture in a sentence.

    """
    values = [0.0, *(value for point in points for value in point)]
    up, ticks = value_scale(values, _TOP, _FLOOR)
    most = max(*values, ticks[-1])

    def across(value: float) -> float:
        return _LEFT + value / most * (_RIGHT - _LEFT)

    marks = []
    for tick in ticks:
        marks.append(mark("line", "grid", x1=_LEFT, x2=_RIGHT, y1=up(tick), y2=up(tick)))
        marks.append(text(_LEFT - 6, up(tick) + 4, number(tick), anchor="end"))
        marks.append(text(across(tick), _FLOOR + 16, number(tick), anchor="middle"))
    end = min(most, ticks[-1])
    marks.append(mark("line", "target", x1=across(0), y1=up(0), x2=across(end), y2=up(end)))
    for said, happened, low, high in points:
        x = across(said)
        marks.append(mark("path", "release", d=f"M{f(x)} {f(up(low))}V{f(up(high))}", fill="none"))
        marks.append(mark("circle", "dot", cx=x, cy=up(happened), r="4"))
    marks.append(mark("path", "line", d=_through([(across(p[0]), up(p[1])) for p in points])))
    marks.append(text((_LEFT + _RIGHT) / 2, _FLOOR + 34, "mean score (what was said)", anchor="middle"))
    marks.append(text(_LEFT, _TOP - 1, "share that was positive (what happened)"))
    return picture(_WIDTH, _TALL, "".join(marks), alt=alt)


def _through(places: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{f(x)} {f(y)}" for x, y in places)
