"""The budget: work is counted, not timed; the clock is a net that is remembered."""

from __future__ import annotations

import pytest

from mainstay.training.meter import Meter, tree_price


def test_work_is_counted_and_the_clock_changes_nothing() -> None:
    now = [0.0]
    meter = Meter(10.0, lambda: now[0])
    now[0] = 25.0
    assert not meter.late
    assert meter.covers(10.0)
    meter.spend(7.0)
    assert meter.left == 3.0
    assert not meter.covers(3.5)


def test_far_beyond_the_budget_it_is_late_and_stays_so() -> None:
    now = [0.0]
    meter = Meter(10.0, lambda: now[0])
    part = meter.share(0.5)
    assert part.seconds == 5.0
    now[0] = 81.0
    assert meter.late
    assert part.late
    now[0] = 0.0
    assert meter.late


def test_trees_cost_more_with_rows_columns_and_leaves() -> None:
    base = tree_price(10_000, 20, 31)
    assert base < tree_price(20_000, 20, 31) < 2 * base + 1e-9
    assert tree_price(10_000, 40, 31) == pytest.approx(2 * base)
    assert tree_price(10_000, 20, 63) > base
