"""Laws of drift, whatever the columns hold."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract import Category, ColumnProfile, Contract, Number, count_like, merge, profile_rows
from mainstay.measures.discoveries import adjust
from mainstay.measures.evidence import Evidence, accumulate
from mainstay.measures.tests import chi2_sf, g_test
from mainstay.models.report import Influence
from mainstay.monitoring.drift import drift_findings, evidence_of, limits
from mainstay.monitoring.shift import compare, pool

counts = st.lists(st.integers(0, 2000), min_size=2, max_size=25)
values = st.one_of(st.floats(-1e9, 1e9), st.just(math.nan), st.integers(-3, 3).map(float))
columns = st.lists(values, min_size=1, max_size=200)
CONTRACT = Contract((Number(name="x", missing="allow"), Category(name="c", values=("a", "b"), missing="allow")))


@given(columns, columns)
def test_any_two_columns_can_be_compared(before: list[float], now: list[float]) -> None:
    reference = profile_rows(CONTRACT, _rows(before))
    current = count_like(reference, _rows(now))
    for a, b, place in zip(reference.columns, current.columns, (0, 1), strict=True):
        shift = compare(a, b, _rows(now)[:, place])
        assert shift.effect >= 0
        assert 0 <= shift.p <= 1
        assert shift.interval.low <= shift.effect <= shift.interval.high
        assert shift.words


@given(columns)
def test_a_column_did_not_move_against_itself(rows: list[float]) -> None:
    reference = profile_rows(CONTRACT, _rows(rows))
    for column in reference.columns:
        assert compare(column, column).effect == 0


@given(columns, st.randoms())
def test_the_order_of_rows_says_nothing(rows: list[float], dice: object) -> None:
    reference = profile_rows(CONTRACT, _rows(rows))
    turned = list(rows)
    dice.shuffle(turned)  # type: ignore[attr-defined]
    assert count_like(reference, _rows(turned)) == count_like(reference, _rows(rows))


@given(columns, columns, columns)
def test_windows_can_be_added(reference: list[float], one: list[float], two: list[float]) -> None:
    profile = profile_rows(CONTRACT, _rows(reference))
    apart = merge(count_like(profile, _rows(one)), count_like(profile, _rows(two)))
    assert apart == count_like(profile, _rows([*one, *two]))


@given(counts, st.integers(1, 5000), st.booleans())
def test_pooling_keeps_every_row_and_the_missing_ones_apart(before: list[int], rows: int, ordered: bool) -> None:
    cells = np.array(before, dtype=np.int64)
    groups = pool(cells, rows, ordered=ordered)
    assert groups.shape == cells.shape
    assert np.bincount(groups, cells).sum() == cells.sum()
    assert (groups[:-1] != groups[-1]).all()
    assert set(groups.tolist()) <= set(range(cells.size + 1))
    if ordered:
        assert (np.diff(groups) >= 0).all()


@given(counts, counts)
def test_the_test_is_symmetric_and_a_probability(one: list[int], two: list[int]) -> None:
    size = min(len(one), len(two))
    a, b = np.array(one[:size]), np.array(two[:size])
    there, back = g_test(a, b), g_test(b, a)
    assert 0 <= there.p <= 1
    assert math.isclose(there.p, back.p, rel_tol=1e-6, abs_tol=1e-12)


@given(st.floats(0, 5000), st.floats(0, 5000), st.integers(1, 200))
def test_the_tail_never_grows(x: float, y: float, freedom: int) -> None:
    low, high = sorted((x, y))
    assert chi2_sf(low, freedom) >= chi2_sf(high, freedom) - 1e-12


@given(st.lists(st.floats(0, 1), max_size=50))
def test_adjusting_never_helps(p: list[float]) -> None:
    adjusted = adjust(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    assert (adjusted <= 1).all()
    if p:
        assert adjusted.max() <= max(p) * 1.0000001 or adjusted.max() == 1
        assert adjusted.min() <= min(1.0, min(p) * len(p)) + 1e-15


@given(st.floats(0, 10), st.floats(0.01, 1), st.floats(0, 1), st.floats(0, 10))
def test_more_of_everything_never_calms(effect: float, limit: float, p: float, more: float) -> None:
    order: list[Evidence] = ["quiet", "suspected", "confirmed"]
    for before in order:
        mild = order.index(accumulate(before, effect, limit, p))
        strong = order.index(accumulate(before, effect + more, limit, p / 2))
        assert strong >= mild


@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(-1, 1), min_size=1), st.floats(0.01, 1))
def test_limits_fall_with_use(used: dict[str, float], base: float) -> None:
    found = limits(used, [Influence(name, value, 0.01) for name, value in used.items()], base)
    judged = sorted((used[name], limit) for name, limit in found.items() if limit is not None)
    assert all(base <= limit <= 2.5 * base + 1e-12 for _, limit in judged)
    assert all(a[1] >= b[1] - 1e-12 for a, b in pairwise(judged))


@given(columns, columns)
def test_the_next_look_remembers_what_this_one_said(before: list[float], now: list[float]) -> None:
    reference = profile_rows(CONTRACT, _rows(before))
    current = count_like(reference, _rows(now))
    shifts = [compare(a, b) for a, b in zip(reference.columns, current.columns, strict=True)]
    matters = dict.fromkeys(CONTRACT.feature_names, 0.1)
    first = drift_findings(shifts, matters)
    second = drift_findings(shifts, matters, first)
    for one, two in zip(first, second, strict=True):
        assert evidence_of(two) == ("quiet" if evidence_of(one) == "quiet" else "confirmed")


def _rows(column: list[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    number = np.array(column, dtype=np.float64)
    label = np.where(np.isnan(number), np.nan, np.abs(number) % 3 // 1)
    return np.column_stack([number, label])


def test_an_empty_profile_is_comparable() -> None:
    empty = ColumnProfile(name="x", kind="numeric", counts=(0,), edges=())
    assert compare(empty, empty).p == 1.0
