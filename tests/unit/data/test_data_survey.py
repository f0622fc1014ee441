"""The sample: even, by content, never more than asked."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mainstay.data.source import open_source, source_of
from mainstay.data.survey import gather, survey


def _kept(frame: pl.DataFrame, most: int, seed: int = 0) -> pl.DataFrame:
    opened = open_source(source_of(frame))
    found = survey(opened, most=most, seed=seed)
    assert found.rows == frame.height
    return gather(opened, found)


def test_the_order_of_the_rows_changes_nothing() -> None:
    frame = pl.DataFrame({"x": np.arange(5000) % 1700, "y": 1})
    one = _kept(frame, 800)
    other = _kept(frame.sample(fraction=1.0, shuffle=True, seed=4), 800)
    assert sorted(one["x"]) == sorted(other["x"])
    assert 780 <= one.height <= 800
    assert sorted(_kept(frame, 800, seed=1)["x"]) != sorted(one["x"])
    assert _kept(frame, 5000).height == 5000


@pytest.mark.parametrize("different", [2, 10, 300])
def test_frequent_rows_are_drawn_by_the_copy(different: int) -> None:
    """The share of each value stays what it was, to 5 standard errors, where only a few values make up all rows."""
    n, most = 40_000, 10_000
    weights = 1.0 / np.arange(1, different + 1)
    x = np.random.default_rng(0).choice(different, n, p=weights / weights.sum())
    kept = _kept(pl.DataFrame({"x": x, "y": 1}), most)
    assert 0.98 * most <= kept.height <= most
    before, after = np.bincount(x, minlength=different) / n, np.bincount(kept["x"], minlength=different) / kept.height
    frequent = before * n > 200
    assert frequent.sum() >= 2
    error = np.sqrt(before * (1 - before) / most)
    assert (np.abs(after - before) < 5 * error)[frequent].all()


def test_one_frequent_row_among_many_rare_ones_keeps_its_share() -> None:
    x = np.concatenate([np.zeros(30_000, dtype=int), np.arange(1, 30_001)])
    kept = _kept(pl.DataFrame({"x": x, "y": 1}), 6000)
    assert abs((kept["x"] == 0).mean() - 0.5) < 5 * 0.5 / np.sqrt(6000)  # type: ignore[operator]
    rare = kept.filter(pl.col("x") > 0)["x"]
    assert abs(rare.to_numpy().mean() - 15_000) < 5 * 30_000 / np.sqrt(12 * 3000)
