"""Dots with intervals: one a line, within the paper, harmless."""

from __future__ import annotations

import re

from mainstay.render.dots import WIDTH, interval_dots
from mainstay.render.svg import checked

ROWS = [("do-nothing", 0.0, 0.0, 0.0), ("linear", 6100.0, 3900.0, 8400.0), ("<b>lightgbm</b>", 5900.0, 3700.0, 8600.0)]


def test_each_row_has_its_dot_and_all_stay_on_the_paper() -> None:
    drawn = checked(interval_dots(ROWS, alt="Candidates.", unit="EUR", strong=["linear"]))
    assert drawn.count("<circle") == 3
    assert "<b>" not in drawn
    xs = [float(x) for x in re.findall(r'c?x[12]?="([\d.]+)"', drawn)]
    assert all(0 <= x <= WIDTH for x in xs)
    assert drawn.count('font-weight="600"') == 1


def test_nothing_is_drawn_of_nothing_and_not_everything_of_much() -> None:
    assert interval_dots([], alt="") == ""
    assert interval_dots([(f"s{i}", 1.0, 0.0, 2.0) for i in range(99)], alt="").count("<circle") == 40
