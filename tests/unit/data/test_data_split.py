"""Holding out: right shares, nothing on both sides, and no look at the order of the rows."""

from __future__ import annotations

import numpy as np

from mainstay.data.split import hold_out_groups, hold_out_latest, hold_out_random, strata_of


def _digests(texts: list[str]) -> list[bytes]:
    return [text.encode() for text in texts]


def test_random_holds_out_the_share_of_each_label() -> None:
    y = np.array([1.0] * 200 + [0.0] * 800)
    held = hold_out_random(_digests([str(n) for n in range(1000)]), strata_of(y, "binary"), 0.25, seed=7)
    assert held[:200].sum() == 50
    assert held[200:].sum() == 200
    other = hold_out_random(_digests([str(n) for n in range(1000)]), strata_of(y, "binary"), 0.25, seed=8)
    assert (held != other).any()


def test_copies_of_a_row_stay_together_but_rows_of_a_coarse_table_are_dealt_alone() -> None:
    copied = [str(n % 600) for n in range(1000)]
    held = hold_out_random(_digests(copied), np.zeros(1000, dtype=np.int64), 0.25, seed=7)
    assert not {c for c, h in zip(copied, held, strict=True) if h} & {
        c for c, h in zip(copied, held, strict=True) if not h
    }
    assert 0.22 < held.mean() < 0.28
    coarse = hold_out_random(_digests([str(n % 4) for n in range(1000)]), np.zeros(1000, dtype=np.int64), 0.25, seed=7)
    assert coarse.sum() == 250


def test_amounts_are_held_out_evenly_over_their_deciles() -> None:
    y = np.random.default_rng(0).lognormal(size=2000)
    strata = strata_of(y, "regression")
    held = hold_out_random(_digests([str(n) for n in range(2000)]), strata, 0.2, seed=1)
    assert np.unique(strata).size == 10
    shares = [held[strata == s].mean() for s in np.unique(strata)]
    assert min(shares) > 0.19
    assert max(shares) < 0.21


def test_the_latest_rows_are_held_out_and_one_instant_is_never_cut() -> None:
    times = np.repeat(np.arange(10.0), 10)
    held = hold_out_latest(times, 0.25)
    assert times[held].min() > times[~held].max()
    assert held.sum() in (20, 30)
    assert not hold_out_latest(np.ones(50), 0.25).any()


def test_whole_groups_are_held_out() -> None:
    groups = np.array([f"g{n % 100}" for n in range(1000)])
    held = hold_out_groups(groups, 0.25, seed=3)
    assert not set(groups[held]) & set(groups[~held])
    assert held.sum() == 250
    big = np.array(["a"] * 900 + ["b"] * 100)
    assert 0 < hold_out_groups(big, 0.25, seed=3).sum() < 1000
