"""Folds in order of time: a gap as long as answers take, and folds inside folds for a search that must not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.errors import DataError
from mainstay.training import cut_folds
from mainstay.training.gap import Gap, read_gap

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot

    Make = Callable[..., Snapshot]


@pytest.mark.parametrize("gap", [Gap(rows=30, words="30 rows"), Gap(seconds=30.0, words="30s")])
def test_nothing_is_learned_from_within_the_gap(gap: Gap, make_snapshot: Make) -> None:
    rows = make_snapshot(split="time").train
    assert rows.times is not None
    folds = cut_folds(rows, make_snapshot().task, 5, 7, gap)
    assert f"gap of {gap}" in folds.words
    for learned, scored in folds.parts:
        assert rows.times[scored].min() - rows.times[learned].max() == 31


def test_a_gap_that_leaves_nothing_is_refused(make_snapshot: Make) -> None:
    rows = make_snapshot(split="time").train
    with pytest.raises(DataError, match="gap leaves out everything"):
        cut_folds(rows, make_snapshot().task, 5, 7, Gap(rows=5000, words="5000 rows"))


@pytest.mark.parametrize(("said", "seconds"), [("90s", 90), ("1.5h", 5400), ("7d", 604_800), ("2 w", 1_209_600)])
def test_a_gap_is_read_as_it_is_written(said: str, seconds: float) -> None:
    found = read_gap(said)
    assert found is not None
    assert found.seconds == seconds


@pytest.mark.parametrize("said", ["soon", "-7d", "7 fortnights", -1])
def test_a_gap_that_is_none_is_refused(said: str | int) -> None:
    with pytest.raises(ValueError, match="gap is"):
        read_gap(said)


def test_no_gap_is_none() -> None:
    assert read_gap("") is read_gap(0) is None


@pytest.mark.parametrize("split", ["random", "group", "time"])
def test_folds_inside_a_fold_never_see_what_it_scores(split: str, make_snapshot: Make) -> None:
    snapshot = make_snapshot(split=split)
    folds = cut_folds(snapshot.train, snapshot.task, 5, 7)
    for k, (learned, kept_apart) in enumerate(folds.parts):
        inside = folds.inside(k)
        assert len(inside.parts) == (k if split == "time" else 4)
        for learn, score in inside.parts:
            assert not np.intersect1d(np.union1d(learn, score), kept_apart).size
            assert not np.intersect1d(learn, score).size
            assert np.isin(np.union1d(learn, score), learned).all()


def test_a_few_of_the_folds_are_the_last_ones(make_snapshot: Make) -> None:
    snapshot = make_snapshot(split="time")
    folds = cut_folds(snapshot.train, snapshot.task, 5, 7)
    few = folds.few(2)
    assert few.timed
    assert few.parts == folds.parts[-2:]
    assert "2 of them used" in few.words
    assert folds.few(9) is folds
