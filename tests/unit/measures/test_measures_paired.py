"""Paired tests against reference computations, and what they reject when nothing differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mainstay.measures.catalogue import MEASURES
from mainstay.measures.paired import Paired, delong, mcnemar, paired_bootstrap
from mainstay.measures.tests import binomial_below, binomial_two_sided, student_sf

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def kernel_delong(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Compute the difference and its error as the paper writes them: every positive with every negative."""
    positive = truth > 0.5
    ups, downs = [], []
    for scores in (first, second):
        pairs = np.sign(scores[positive][:, None] - scores[~positive][None, :]) / 2 + 0.5
        ups.append(pairs.mean(axis=1))
        downs.append(pairs.mean(axis=0))
    s10, s01 = np.cov(np.stack(ups)), np.cov(np.stack(downs))
    s = s10 / positive.sum() + s01 / (~positive).sum()
    contrast = np.array([1.0, -1.0])
    return float(np.mean(ups[0]) - np.mean(ups[1])), float(np.sqrt(contrast @ s @ contrast))


def two_rankings(rng: np.random.Generator, n: int, mine: float, theirs: float) -> Three:
    x = rng.normal(-0.8, 1.2, n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(np.float64)
    shared = x + rng.normal(0, 0.5, n)
    return truth, shared + rng.normal(0, mine, n), shared + rng.normal(0, theirs, n)


def test_tail_of_student_matches_scipy() -> None:
    for freedom in (1, 2, 3, 10, 59, 4000):
        for t in (-3.0, 0.0, 0.4, 1.0, 2.5, 8.0, 30.0):
            assert student_sf(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-9, abs=1e-300)
    assert student_sf(math.inf, 4) == 0.0
    assert math.isnan(student_sf(1.0, 0))


def test_tail_of_a_binomial_matches_scipy() -> None:
    for n, share in ((1, 0.5), (20, 0.05), (400, 0.25), (100_000, 0.1)):
        for hits in {0, 1, int(n * share), int(0.9 * n * share), n - 1, n}:
            assert binomial_below(hits, n, share) == pytest.approx(stats.binom.cdf(hits, n, share), rel=1e-6, abs=1e-12)


def test_tail_of_an_even_binomial_matches_scipy() -> None:
    for n in (1, 2, 7, 24):
        for hits in range(n + 1):
            assert binomial_two_sided(hits, n) == pytest.approx(stats.binomtest(hits, n).pvalue)


@pytest.mark.parametrize("n", [12, 60, 700])
def test_delong_is_the_papers(n: int) -> None:
    truth, mine, theirs = two_rankings(np.random.default_rng(n), n, 0.3, 1.0)
    mine, theirs = (np.round(scores, 1).astype(np.float64) for scores in (mine, theirs))  # with ties
    value, error = kernel_delong(truth, mine, theirs)
    found = delong(truth, mine, theirs)
    assert found.advantage.value == pytest.approx(value)
    assert found.advantage.error == pytest.approx(error)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(value) / error))


def test_the_advantage_by_influences_is_delongs_but_for_a_row_of_freedom() -> None:
    truth, mine, theirs = two_rankings(np.random.default_rng(5), 400, 0.3, 1.0)
    plain = MEASURES["roc_auc"].advantage(truth, (mine, 0.5), (theirs, 0.5))
    rare = min(truth.sum(), truth.size - truth.sum())
    found = delong(truth, mine, theirs).advantage
    assert plain.value == pytest.approx(found.value)
    assert plain.error == pytest.approx(found.error, rel=1 / rare)
    assert MEASURES["roc_auc"].advantage(truth, (mine, 0.5), (mine, 0.5)).value == 0


def rejected(runs: int, test: object, rng: np.random.Generator) -> float:
    """Count how often a test of two equally good models says 0.05 or less."""
    return float(np.mean([test(rng).p <= 0.05 for _ in range(runs)]))  # type: ignore[operator]


def right_by_luck(rng: np.random.Generator, n: int) -> Paired:
    hard = rng.random(n)
    return mcnemar(rng.random(n) < hard, rng.random(n) < hard)


def money_by_luck(rng: np.random.Generator, n: int) -> Paired:
    """Draw decisions that differ on a tenth of the rows, with amounts of a heavy tail either way."""
    differ = rng.random(n) < 0.1
    amounts = np.where(rng.random(n) < 0.2, 75.0, -15.0) * rng.gamma(2, 0.5, n)
    return paired_bootstrap(np.where(differ, amounts * rng.choice([-1, 1], n), 0.0), int(rng.integers(1 << 30)))


LEVELS = {
    "McNemar, 20 rows": (lambda rng: right_by_luck(rng, 20), 0.0, 0.05),
    "McNemar, 60 rows": (lambda rng: right_by_luck(rng, 60), 0.0, 0.06),
    "McNemar, 600 rows": (lambda rng: right_by_luck(rng, 600), 0.03, 0.07),
    "DeLong, 60 rows": (lambda rng: delong(*two_rankings(rng, 60, 0.7, 0.7)), 0.02, 0.08),
    "DeLong, 400 rows": (lambda rng: delong(*two_rankings(rng, 400, 0.7, 0.7)), 0.03, 0.07),
    "bootstrap, 200 rows": (lambda rng: money_by_luck(rng, 200), 0.0, 0.09),
    "bootstrap, 600 rows": (lambda rng: money_by_luck(rng, 600), 0.02, 0.07),
}


@pytest.mark.parametrize("name", [name for name in LEVELS if "bootstrap" not in name])
def test_equal_models_are_called_different_as_often_as_said(name: str) -> None:
    test, low, high = LEVELS[name]
    slack = 3.3 * math.sqrt(0.05 * 0.95 / 400)
    assert low - slack <= rejected(400, test, np.random.default_rng(1)) <= high + slack


@pytest.mark.full
@pytest.mark.parametrize("name", list(LEVELS))
def test_equal_models_are_called_different_as_often_as_said_in_a_thousand_runs(name: str) -> None:
    test, low, high = LEVELS[name]
    assert low <= rejected(1000, test, np.random.default_rng(2)) <= high


def coverage(runs: int, kind: str, n: int) -> float:
    rng, held = np.random.default_rng(3), 0
    if kind == "delong":
        big = two_rankings(rng, 600_000, 0.3, 1.0)
        truly = float(delong(*big).advantage.value)
    for _ in range(runs):
        if kind == "mcnemar":
            hard = rng.random(n)
            found = mcnemar(rng.random(n) < np.sqrt(hard), rng.random(n) < hard)
            truly = 2 / 3 - 1 / 2
        elif kind == "delong":
            found = delong(*two_rankings(rng, n, 0.3, 1.0))
        else:
            differ = rng.random(n) < 0.3
            found = paired_bootstrap(np.where(differ, rng.gamma(2, 10, n) - 12, 0.0), int(rng.integers(1 << 30)))
            truly = 0.3 * 8
        assert found.advantage.interval is not None
        held += found.advantage.interval.low <= truly <= found.advantage.interval.high
    return held / runs


@pytest.mark.parametrize(("kind", "n"), [("mcnemar", 30), ("mcnemar", 300), ("delong", 300)])
def test_paired_intervals_cover_what_they_say(kind: str, n: int) -> None:
    assert coverage(400, kind, n) == pytest.approx(0.95, abs=0.02 + 3.3 * math.sqrt(0.05 * 0.95 / 400))


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "n"), [("mcnemar", 30), ("mcnemar", 300), ("delong", 100), ("delong", 800), ("money", 200), ("money", 800)]
)
def test_paired_intervals_cover_what_they_say_in_a_thousand_runs(kind: str, n: int) -> None:
    assert coverage(1000, kind, n) == pytest.approx(0.95, abs=0.02)


def test_copies_of_rows_are_no_new_evidence_to_any_of_them() -> None:
    rng = np.random.default_rng(4)
    truth, mine, theirs = two_rankings(rng, 120, 0.3, 1.2)
    again = np.repeat(np.arange(120), 10)
    alone = delong(truth, mine, theirs).advantage.error
    assert delong(truth[again], mine[again], theirs[again], again).advantage.error == pytest.approx(alone, rel=0.05)
    right, wrong = mine > 0, theirs > 0
    copied = mcnemar(right[again], wrong[again], again)
    assert copied.advantage.error == pytest.approx(mcnemar(right, wrong).advantage.error, rel=0.05)
    money = rng.normal(1, 5, 120)
    copied = paired_bootstrap(money[again], 7, again)
    assert copied.advantage.error == pytest.approx(paired_bootstrap(money, 7).advantage.error, rel=0.1)


def test_the_same_model_twice_is_no_difference() -> None:
    truth, mine, _ = two_rankings(np.random.default_rng(6), 50, 0.5, 0.5)
    for found in (mcnemar(mine > 0, mine > 0), delong(truth, mine, mine), paired_bootstrap(np.zeros(50), 7)):
        assert (found.advantage.value, found.p, found.wins, found.losses) == (0, 1, 0, 0)


def test_where_nothing_can_be_compared_there_is_no_number() -> None:
    nothing = np.empty(0)
    for found in (
        mcnemar(nothing > 0, nothing > 0),
        delong(np.ones(9), np.arange(9.0), np.arange(9.0)),
        delong(nothing, nothing, nothing),
        paired_bootstrap(nothing, 7),
        paired_bootstrap(np.ones(4), 7, np.zeros(4, dtype=np.int64)),
    ):
        assert math.isnan(found.p)
        assert found.advantage.interval is None


def test_an_evident_difference_is_seen() -> None:
    rng = np.random.default_rng(8)
    truth, mine, theirs = two_rankings(rng, 800, 0.1, 3.0)
    assert delong(truth, mine, theirs).p < 1e-6
    assert mcnemar(rng.random(300) < 0.9, rng.random(300) < 0.6).p < 1e-6
    assert paired_bootstrap(rng.normal(1, 2, 300), 7).p < 0.003
