"""The slice finder finds what is bad, and hardly ever what isn't: by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mainstay.measures.slices import Confirmed, Levels, Slice, confirm, find_slices, holm


def table(rng: np.random.Generator, n: int, columns: int = 12, levels: int = 4) -> list[Levels]:
    labels = tuple(f"l{k}" for k in range(levels))
    return [Levels(f"c{j}", labels, rng.integers(0, levels, n)) for j in range(columns)]


def log_loss_like(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw losses as skewed as those of a calibrated model."""
    p = rng.beta(1.2, 4, n)
    return -np.log(np.where(rng.random(n) < p, p, 1 - p))


def searched(rng: np.random.Generator, n: int, bad: float = 0.0) -> list[tuple[Slice, Confirmed, str]]:
    """Search one sample and confirm on another; with `bad`, rows of c1=l1 and c2=l2 lose so much more."""
    found: tuple[Slice, ...] = ()
    for step in ("search", "confirm"):
        columns, losses = table(rng, n), log_loss_like(rng, n)
        losses = losses + bad * ((columns[1].codes == 1) & (columns[2].codes == 2))
        if step == "search":
            found = find_slices(losses, columns, min_rows=50)
    told = confirm(losses, columns, found)
    return [(one, result, one.words(columns)) for one, result in zip(found, told, strict=True)]


def false_discoveries(runs: int, n: int) -> float:
    rng = np.random.default_rng(n)
    return float(np.mean([any(result.real for _, result, _ in searched(rng, n)) for _ in range(runs)]))


@pytest.mark.parametrize("n", [400, 1500])
def test_where_nothing_is_bad_nothing_is_found(n: int) -> None:
    assert false_discoveries(120, n) <= 0.05 + 3.3 * math.sqrt(0.05 * 0.95 / 120)


@pytest.mark.full
@pytest.mark.parametrize("n", [400, 1500, 6000])
def test_where_nothing_is_bad_nothing_is_found_in_a_thousand_runs(n: int) -> None:
    assert false_discoveries(1000, n) <= 0.05


def test_a_pair_that_is_bad_is_found_and_named() -> None:
    rng, found = np.random.default_rng(2), 0
    for _ in range(20):
        found += any(result.real and words == "c1=l1 & c2=l2" for _, result, words in searched(rng, 3000, 0.6))
    assert found >= 18


def test_what_is_reported_is_not_what_was_searched_for() -> None:
    """The loss added is told without the luck of the search, and its interval holds for all slices at once."""
    rng, told, held, runs = np.random.default_rng(3), [], 0, 150
    for _ in range(runs):
        results = [result.added for _, result, words in searched(rng, 2500, 0.3) if words == "c1=l1 & c2=l2"]
        told += [one.value for one in results]
        held += all(one.interval is not None and one.interval.low <= 0.3 <= one.interval.high for one in results)
    assert np.mean(told) == pytest.approx(0.3, abs=0.02)
    assert held / runs >= 0.95 - 3.3 * math.sqrt(0.05 * 0.95 / runs)


def test_a_plain_slice_is_preferred_to_a_pair_within_it() -> None:
    rng = np.random.default_rng(4)
    columns, losses = table(rng, 4000), log_loss_like(rng, 4000)
    losses = losses + 0.5 * (columns[3].codes == 0)
    found = find_slices(losses, columns, min_rows=50)
    assert found[0].words(columns) == "c3=l0"
    assert not any(len(one.terms) == 2 and (3, 0) in one.terms for one in found)


def test_small_slices_are_not_looked_at_nor_rows_of_no_level() -> None:
    codes = np.full(500, -1)
    codes[:40] = 0
    losses = np.zeros(500)
    losses[:40] = 9.0
    losses += np.random.default_rng(5).normal(0, 0.1, 500)
    columns = [Levels("rare", ("yes",), codes)]
    assert find_slices(losses, columns, min_rows=50) == ()
    assert [one.words(columns) for one in find_slices(losses, columns, min_rows=30)] == ["rare=yes"]


def test_copies_of_rows_confirm_nothing() -> None:
    rng = np.random.default_rng(6)
    codes, losses = rng.integers(0, 2, 60), rng.normal(0, 1, 60)
    losses[codes == 1] += 0.4
    again = np.repeat(np.arange(60), 40)
    columns = [Levels("c", ("a", "b"), codes[again])]
    bad = (Slice(((0, 1),), 1200, 0.4),)
    naive, honest = (confirm(losses[again], columns, bad, clusters)[0] for clusters in (None, again))
    assert naive.p < 1e-6
    assert honest.p > 0.001


def test_a_slice_that_is_empty_there_is_not_confirmed() -> None:
    columns = [Levels("c", ("a", "b"), np.zeros(50, dtype=np.intp))]
    result = confirm(np.ones(50), columns, (Slice(((0, 1),), 60, 0.5),))[0]
    assert (result.real, result.p) == (False, 1.0)


def test_holm_is_never_below_what_it_is_given() -> None:
    assert holm([]) == []
    assert holm([math.nan, 0.001]) == [1.0, 0.002]
    assert holm([0.04, 0.01]) == [0.04, 0.02]
