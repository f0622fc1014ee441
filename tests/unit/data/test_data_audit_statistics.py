"""What an audit counts: batches merge, rules mark what they promise, and what claims a rate keeps to it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.data.auditing.copies import copied_columns
from mainstay.data.auditing.label_noise import find_noise
from mainstay.data.auditing.outliers import fences, lonely, medcouple
from mainstay.data.auditing.repeats import RepeatCounter, Repeats
from mainstay.data.auditing.sampling import RowSampler
from mainstay.data.auditing.sentinels import sentinels
from mainstay.data.auditing.shapes import compare, shape_of
from mainstay.data.auditing.tally import KEPT, Tally, merge, tally

if TYPE_CHECKING:
    from collections.abc import Sequence


def _tallied(cells: Sequence[str | None], cuts: tuple[int, ...] = ()) -> Tally:
    ends = (0, *cuts, len(cells))
    parts = [tally(pl.Series("c", cells[a:b], dtype=pl.String), a) for a, b in pairwise(ends)]
    found = parts[0]
    for part in parts[1:]:
        found = merge(found, part)
    return found


def test_tallies_of_batches_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    pool = ["1", "2.5", "-3", "Yes", "2024-01-02", "abc", None, "1e3", "7"]
    cells = [pool[i] for i in rng.integers(0, len(pool), 500)]
    whole, parts = _tallied(cells), _tallied(cells, (1, 130, 131, 400))
    assert (whole.rows, whole.missing) == (parts.rows, parts.missing)
    assert whole.reads_as.tolist() == parts.reads_as.tolist()
    assert whole.seen.sort("value").equals(parts.seen.sort("value"))
    assert whole.high.equals(parts.high)
    assert whole.low["row"].to_list() == parts.low["row"].to_list()
    assert whole.distinct_about == parts.distinct_about == 8


def test_many_distinct_values_are_estimated_within_a_few_percent() -> None:
    n = 60_000
    cells = [f"v{i}" for i in range(n)]
    found = _tallied(cells, (20_000, 40_000))
    assert found.distinct is None
    assert found.seen.height == KEPT
    assert abs(found.distinct_about - n) < 0.09 * n  # four standard errors


def test_the_sample_is_the_same_however_the_rows_are_cut() -> None:
    frame = pl.DataFrame({"a": np.arange(5000)})
    taken = []
    for size in (5000, 700, 13):
        sampler = RowSampler(1, most=100)
        for start in range(0, 5000, size):
            sampler.add(frame[start : start + size])
        taken.append(sampler.take())
    assert {tuple(each.index) for each in taken} == {tuple(taken[0].index)}
    assert taken[0].frame["a"].to_list() == taken[0].index.tolist()
    assert (taken[0].frame.height, taken[0].of, taken[0].whole) == (100, 5000, False)


def test_outlier_rules_mark_what_lies_out_and_little_else() -> None:
    rng = np.random.default_rng(1)
    usual = rng.normal(100, 10, 5000)
    found = fences(np.append(usual, [400.0, -250.0]))
    assert found is not None
    assert found.rule == "modified z-score"
    assert 60 < found.low < 70  # 3.5 standard deviations
    assert 130 < found.high < 140
    assert ((usual < found.low) | (usual > found.high)).mean() < 0.002
    skewed = rng.lognormal(0, 1, 5000)
    bent = fences(skewed)
    assert bent is not None
    assert bent.rule == "adjusted boxplot"
    plain = np.quantile(skewed, 0.75) + 1.5 * np.subtract(*np.quantile(skewed, [0.75, 0.25]))
    assert (skewed > bent.high).mean() < 0.02 < (skewed > plain).mean()  # the plain boxplot calls 8 % outliers


def test_codes_have_no_outliers() -> None:
    assert fences(np.repeat([0.0, 1.0, 2.0, 50.0], [500, 400, 300, 2])) is None


def test_the_medcouple_is_that_of_the_definition() -> None:
    x = np.array([1.0, 2.0, 4.0, 4.0, 4.0, 7.0, 20.0])
    assert medcouple(x) == pytest.approx(-medcouple(np.sort(-x)))
    left, right = np.array([3.0, 2.0, 0.0]), np.array([0.0, 3.0, 16.0])
    assert medcouple(np.array([1.0, 2.0, 4.0, 7.0, 20.0])) == pytest.approx(
        np.median([(r - m) / (r + m) if r + m else 0.0 for r in right for m in left])
    )


def test_one_value_far_from_all_others_is_named_and_a_long_tail_is_not() -> None:
    assert lonely(np.array([49854.0, 2961.0, 2640.0]), 16.0).tolist() == [49854.0]
    assert not lonely(np.array([900.0, 700.0, 600.0, 500.0]), 16.0).size


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ([*map(str, range(18, 80)), "999", "999", "999"], {"999"}),
        ([*map(str, range(50)), "-1", "-1"], {"-1"}),
        (["-2", "-2", "-1", "-1", *map(str, range(9))], set()),  # codes
        ([*map(str, range(0, 1000, 7)), "999", "999"], set()),  # 999 among its like
        (["a", "b", "Unknown", "Unknown"], {"Unknown"}),
        ([*map(str, range(40)), "?", "NA"], {"?", "NA"}),
        (["2024-01-05", "2024-02-05", "2024-03-07", "1900-01-01"], {"1900-01-01"}),
        (["1", "2", "3"], set()),
    ],
)
def test_values_that_stand_for_missing_are_named(cells: list[str], named: set[str]) -> None:
    assert {each.value for each in sentinels(_tallied(cells))} == named


def test_what_the_contract_allows_is_no_stand_in() -> None:
    assert not sentinels(_tallied(["a", "unknown"]), allowed=frozenset({"a", "unknown"}))


def test_copies_are_found_plainly_and_in_other_words() -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(0, 4, 300)
    frame = pl.DataFrame(
        {
            "a": a.astype(str),
            "plain": [f"{v}.0" for v in a],
            "words": np.array(["n", "e", "s", "w"])[a],
            "other": rng.integers(0, 4, 300).astype(str),
            "id": np.arange(300).astype(str),
            "id2": rng.permutation(300).astype(str),
            "one": ["x"] * 300,
            "uno": ["y"] * 300,
        }
    )
    assert copied_columns(frame) == {"plain": ("a", False), "words": ("a", True)}


def _repeats(frame: pl.DataFrame, size: int) -> Repeats:
    counter = RepeatCounter(frame.columns, ("id",), ("a", "b"), "y")
    for start in range(0, frame.height, size):
        counter.add(frame[start : start + size])
    return counter.take()


def test_repeats_and_conflicts_are_counted_over_batches() -> None:
    frame = pl.DataFrame(
        {
            "id": ["1", "2", "3", "4", "5", "5"],
            "a": ["x", "x", "x", "z", "q", "q"],
            "b": ["1", "1", "1", None, "7", "7"],
            "y": ["0", "0", "1", "0", "1", "1"],
        }
    )
    for size in (6, 2, 1):
        found = _repeats(frame, size)
        assert (found.whole, found.apart, found.conflicts, found.exact) == (1, 2, 3, True)


def test_drift_is_found_where_there_is_some_and_nowhere_else() -> None:
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(30):
        before = [rng.normal(size=2000) for _ in range(10)]
        now = [rng.normal(size=2000) for _ in range(10)]
        now[0] = now[0] + 0.5
        pairs = []
        for j, (old, new) in enumerate(zip(before, now, strict=True)):
            first = shape_of(f"c{j}", pl.Series([""]), old)
            pairs.append((first, shape_of(f"c{j}", pl.Series([""]), new, first)))
        shifts = compare(pairs)
        assert shifts[0].moved
        assert shifts[0].interval.low < shifts[0].effect < shifts[0].interval.high
        alarms += sum(shift.moved for shift in shifts[1:])
    assert alarms == 0  # of 270


def _world(seed: int, steep: float, flipped: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw rows whose label follows a curve, a line and a code; `steep`: how surely."""
    rng = np.random.default_rng(seed)
    n = 4000
    X = np.column_stack([rng.normal(size=(n, 4)), rng.integers(0, 4, n)])
    codes = np.array([0.5, -0.5, 1.0, -1.0])[X[:, 4].astype(int)]
    signal = steep * (X[:, 0] + 0.7 * X[:, 1] ** 2 - 0.7 - X[:, 2] + codes)
    y = (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(float)
    wrong = rng.random(n) < flipped
    return X, np.where(wrong, 1 - y, y), wrong


def test_planted_wrong_labels_are_found_and_honest_ones_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.data.auditing.label_noise._EXAMPLES", 10_000)
    precision, recall = [], []
    for seed in range(4):
        X, y, wrong = _world(seed, steep=10, flipped=0.05)
        found = find_noise(X, [False] * 4 + [True], y, np.arange(len(y)), ("No", "Yes"))
        assert found is not None
        assert found.sure
        assert 0.01 < found.share < 0.06
        suspects = [row for pair in found.pairs for row in pair.rows]
        assert len(suspects) == found.count
        precision.append(wrong[suspects].mean())
        recall.append(np.isin(np.flatnonzero(wrong), suspects).mean())
    assert np.mean(precision) > 0.8
    assert np.mean(recall) > 0.5


@pytest.mark.parametrize("steep", [0.3, 1, 3, 10])
def test_clean_labels_raise_no_suspicion_however_sure_the_answer_is(steep: float) -> None:
    for seed in range(5):
        X, y, _ = _world(seed, steep, flipped=0.0)
        found = find_noise(X, [False] * 4 + [True], y, np.arange(len(y)), ("No", "Yes"))
        assert found is not None
        assert not found.sure
        assert found.count < 0.01 * len(y)


def test_too_few_rows_say_nothing_about_labels() -> None:
    X, y, _ = _world(0, 3, 0.0)
    assert find_noise(X[:40], [False] * 5, y[:40], np.arange(40), ("a", "b")) is None
