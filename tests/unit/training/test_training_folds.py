"""Folds: nothing is scored by what saw it, or anything that hangs together with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.errors import DataError
from mainstay.training import cut_folds

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot

    Make = Callable[..., Snapshot]


@pytest.mark.parametrize("split", ["random", "time", "group"])
def test_no_row_is_scored_by_what_saw_it(split: str, make_snapshot: Make) -> None:
    snapshot = make_snapshot(split=split)
    folds = cut_folds(snapshot.train, snapshot.task, 5, 7)
    assert len(folds.parts) == 5
    assert all(not np.intersect1d(learned, scored).size for learned, scored in folds.parts)
    assert np.unique(folds.scored).size == folds.scored.size
    if split != "time":
        assert folds.scored.size == len(snapshot.train)


def test_labels_are_spread_evenly(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    folds = cut_folds(snapshot.train, snapshot.task, 5, 7)
    rates = [snapshot.train.y[scored].mean() for _, scored in folds.parts]
    assert max(rates) - min(rates) < 0.02


def test_copies_of_a_row_share_a_fold(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    rows = snapshot.train.take(np.repeat(np.arange(100), 4))
    folds = cut_folds(rows, snapshot.task, 5, 7)
    for learned, scored in folds.parts:
        seen = {row.tobytes() for row in rows.X[learned]}
        assert not any(row.tobytes() in seen for row in rows.X[scored])


def test_rows_of_a_handful_of_kinds_still_fill_every_fold(make_snapshot: Make) -> None:
    """Two labels of one category are two kinds of rows, not copies of two rows."""
    snapshot = make_snapshot()
    rows = replace(snapshot.train, X=np.arange(len(snapshot.train), dtype=np.float64)[:, None] % 2)
    folds = cut_folds(rows, snapshot.task, 5, 7)
    sizes = [scored.size for _, scored in folds.parts]
    assert max(sizes) - min(sizes) <= 2


def test_time_only_looks_back_and_one_moment_is_never_cut(make_snapshot: Make) -> None:
    snapshot = make_snapshot(split="time")
    rows = replace(snapshot.train, times=np.floor(np.arange(len(snapshot.train)) / 37))
    assert rows.times is not None
    for learned, scored in cut_folds(rows, snapshot.task, 5, 7).parts:
        assert rows.times[learned].max() < rows.times[scored].min()


def test_a_group_is_on_one_side_only(make_snapshot: Make) -> None:
    rows = make_snapshot(split="group").train
    assert rows.groups is not None
    folds = cut_folds(rows, make_snapshot().task, 5, 7)
    for learned, scored in folds.parts:
        assert not set(rows.groups[learned]) & set(rows.groups[scored])
    sizes = [scored.size for _, scored in folds.parts]
    assert max(sizes) < 1.2 * min(sizes)


def test_the_same_seed_cuts_the_same_folds(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    first, again, other = (cut_folds(snapshot.train, snapshot.task, 5, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first.parts, again.parts, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(first.parts, other.parts, strict=True))


def test_a_rare_label_means_fewer_folds_and_then_a_sentence(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    y = np.zeros(len(snapshot.train))
    y[:6] = 1
    assert len(cut_folds(replace(snapshot.train, y=y), snapshot.task, 5, 7).parts) == 3
    y[3:] = 0
    with pytest.raises(DataError, match="Only 3 training rows are 'Yes'"):
        cut_folds(replace(snapshot.train, y=y), snapshot.task, 5, 7)


def test_one_group_or_one_moment_cannot_be_folded(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    n = len(snapshot.train)
    with pytest.raises(DataError, match="of one group"):
        cut_folds(replace(snapshot.train, groups=np.full(n, "a")), snapshot.task, 5, 7)
    with pytest.raises(DataError, match="of one moment"):
        cut_folds(replace(snapshot.train, times=np.zeros(n)), snapshot.task, 5, 7)
