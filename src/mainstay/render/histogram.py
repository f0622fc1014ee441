"""How the values of one column are spread: bars over a line of numbers, or one bar a label, and how it was before.

Bars of a histogram have equal area for equal counts, as their cells needn't be equally wide; the open ends are drawn
as wide as the cell beside them. What was before is an outline, scaled to the same total.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from mainstay.render.numbers import number
from mainstay.render.svg import f, mark, picture, shorten, text

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 320.0
_TALL = 96.0
_FLOOR = 76.0
_ROW = 20.0
_GUTTER = 120.0
_VALUES = 52.0


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    ends: tuple[float, float],
    alt: str,
    before: Sequence[int] | None = None,
) -> str:
    """Draw the counts of numbers in cells.

    Parameters
    ----------
    edges : sequence of float
        Inner edges, ascending.
    counts : sequence of int
        One more than edges: the first and last cell are open.
    ends : tuple of float
        Smallest and largest number, for the words below the axis.
    alt : str
        The picture in a sentence.
    before : sequence of int, optional
        Counts of the same cells before.

    """
    spans = _spans(edges, len(counts))
    heights = _heights(counts, spans)
    old = _heights(before, spans) if before is not None and any(before) else []
    top = max([*heights, *old, 1e-12])
    low, high = spans[0][0], spans[-1][1]
    across = (_WIDTH - 4) / (high - low)

    def x(value: float) -> float:
        return 2 + (value - low) * across

    marks = []
    for (left, right), height in zip(spans, heights, strict=True):
        if height <= 0:
            continue
        tall = max((_FLOOR - 4) * height / top, 1.0)
        wide = max(x(right) - x(left) - 0.7, 0.7)
        marks.append(mark("rect", "bar", x=x(left), y=_FLOOR - tall, width=wide, height=tall))
    if old:
        marks.append(mark("path", "bar was", d=_steps(spans, old, top, x)))
    marks.append(mark("line", "zero", x1="0", x2=_WIDTH, y1=_FLOOR, y2=_FLOOR))
    marks.append(text(2, _FLOOR + 16, number(ends[0])))
    marks.append(text(_WIDTH - 2, _FLOOR + 16, number(ends[1]), anchor="end"))
    return picture(_WIDTH, _TALL, "".join(marks), alt=alt)


def label_bars(labels: Sequence[str], counts: Sequence[int], *, alt: str, before: Sequence[int] | None = None) -> str:
    """Draw one bar for each label, as long as its share.

    Parameters
    ----------
    labels : sequence of str
        From top to bottom.
    counts : sequence of int
        One per label.
    alt : str
        The picture in a sentence.
    before : sequence of int, optional
        Counts of the same labels before.

    """
    total = max(sum(counts), 1)
    was = [count / max(sum(before), 1) for count in before] if before is not None and any(before) else []
    shares = [count / total for count in counts]
    top = max([*shares, *was, 1e-12])
    across = (_WIDTH - _GUTTER - _VALUES) / top
    marks = []
    for place, (label, share) in enumerate(zip(labels, shares, strict=True)):
        y = place * _ROW
        marks.append(text(_GUTTER - 6, y + 14, shorten(label or "(blank)", _GUTTER - 10), "t ink", "end"))
        marks.append(mark("rect", "bar", x=_GUTTER, y=y + 4, width=max(across * share, 0.7), height="12"))
        end = share
        if was:
            end = max(share, was[place])
            line = f"M{f(_GUTTER + across * was[place])} {f(y + 2)}v16"
            marks.append(mark("path", "release", d=line, fill="none", stroke_width="2"))
        marks.append(text(_GUTTER + across * end + 5, y + 14, f"{number(100 * share)} %"))
    return picture(_WIDTH, max(len(labels), 1) * _ROW, "".join(marks), alt=alt)


def _spans(edges: Sequence[float], cells: int) -> list[tuple[float, float]]:
    """Give each cell its ends; the open ones are as wide as their neighbour."""
    if not edges:
        return [(0.0, 1.0)] * max(cells, 1)
    usual = sorted(b - a for a, b in pairwise(edges))
    wide = usual[len(usual) // 2] if usual else max(abs(edges[0]), 1.0)
    wide = wide if math.isfinite(wide) and wide > 0 else max(abs(edges[0]) * 1e-6, 1e-9)
    points = [edges[0] - wide, *edges, edges[-1] + wide]
    return list(pairwise(points))


def _heights(counts: Sequence[int], spans: Sequence[tuple[float, float]]) -> list[float]:
    total = max(sum(counts), 1)
    least = (spans[-1][1] - spans[0][0]) / 400  # a cell thinner than a line would be a needle
    return [n / total / max(right - left, least) for n, (left, right) in zip(counts, spans, strict=True)]


def _steps(spans: Sequence[tuple[float, float]], heights: Sequence[float], top: float, x: object) -> str:
    place = x if callable(x) else float
    parts = [f"M{f(place(spans[0][0]))} {f(_FLOOR)}"]
    for (left, right), height in zip(spans, heights, strict=True):
        y = _FLOOR - (_FLOOR - 4) * height / top
        parts.append(f"L{f(place(left))} {f(y)}L{f(place(right))} {f(y)}")
    parts.append(f"L{f(place(spans[-1][1]))} {f(_FLOOR)}")
    return "".join(parts)
