"""Columns that are only known afterwards are suspected; rare honest labels aren't."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from mainstay.data.afterwards import later_than, one_sided

N = 4000


def test_a_reason_that_only_those_who_left_have_is_suspected() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(N) < 0.25).astype(float)
    reason = np.where((y == 1) & (rng.random(N) < 0.6), rng.integers(0, 4, N), np.nan)
    refund = np.where((y == 1) & (rng.random(N) < 0.3), rng.gamma(2, 20, N), 0.0)
    X = np.column_stack([reason, refund, rng.normal(size=N)])
    found = {trace.column: trace for trace in one_sided(X, ["reason", "refund", "honest"], y, ("stays", "leaves"))}
    assert set(found) == {"reason", "refund"}
    assert "of 'stays' it is empty" in found["reason"].words
    assert "always 0" in found["refund"].words


def test_honest_columns_are_left_alone() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        y = (rng.random(600) < rng.uniform(0.05, 0.95)).astype(float)
        rare = np.where(rng.random(600) < 0.02, 1.0, 0.0)
        gaps = np.where(rng.random(600) < 0.97, np.nan, 1.0)
        X = np.column_stack([rare, gaps, rng.integers(0, 3, 600), np.ones(600)])
        assert not list(one_sided(X, list("abcd"), y, ("0", "1"))), seed


def test_times_after_the_rows_own_are_suspected() -> None:
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    own = [start + dt.timedelta(days=i) for i in range(100)]
    frame = pl.DataFrame(
        {
            "at": [f"{t:%Y-%m-%d}" for t in own],
            "signed_up": [f"{t - dt.timedelta(days=90):%Y-%m-%d}" for t in own],
            "cancelled": [f"{t + dt.timedelta(days=30):%Y-%m-%d}" if i % 3 else None for i, t in enumerate(own)],
            "amount": [str(i) for i in range(100)],
        }
    )
    found = list(later_than(frame, "at", frame.columns))
    assert [trace.column for trace in found] == ["cancelled"]
    assert "in 66 of 66 rows its time lies after at" in found[0].words
    assert not list(later_than(frame, "", frame.columns))
