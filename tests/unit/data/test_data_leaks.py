"""Leak suspects: what knows the answer is caught, what is only good at guessing it is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.data.leaks import find_leaks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RNG = np.random.default_rng(5)
N = 4000


def _labels(found: tuple[object, ...]) -> set[str]:
    return {str(getattr(leak, "label", "")) for leak in found}


def test_the_two_parts_of_the_bike_rentals_are_caught(shared_data: Callable[[str], Path]) -> None:
    frame = pl.read_csv(shared_data("bike-sharing/hour.csv")).drop("dteday", "instant")
    X = frame.drop("cnt").to_numpy().astype(np.float64)
    names = frame.drop("cnt").columns
    y = frame["cnt"].to_numpy().astype(np.float64)
    found = find_leaks(X, names, [False] * len(names), y, "regression")
    assert _labels(found) == {"casual + registered"}
    assert "is the target in 17 379 of 17 379 rows" in found[0].words
    keep = [j for j, name in enumerate(names) if name != "casual"]
    alone = find_leaks(X[:, keep], [names[j] for j in keep], [False] * len(keep), y, "regression")
    assert _labels(alone) == {"registered"}
    assert "a part of the target" in alone[0].words


def test_a_summand_is_caught_without_real_data() -> None:
    casual, registered = RNG.poisson(5, N).astype(float), RNG.poisson(40, N).astype(float)
    X = np.column_stack([casual, registered, RNG.normal(size=N)])
    found = find_leaks(X, ["casual", "registered", "noise"], [False] * 3, casual + registered, "regression")
    assert _labels(found) == {"casual + registered"}


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda a, b: a - b, "a - b"),
        (lambda a, b: b - a, "b - a"),
        (lambda a, b: a * b, "a * b"),
        (lambda a, b: a / b, "a / b"),
        (lambda a, b: 3 * a + 2 * b - 1, "a and b"),
    ],
)
def test_what_two_columns_make_is_caught(make: Callable[..., np.ndarray], label: str) -> None:
    a, b = RNG.uniform(1, 9, N), RNG.uniform(1, 9, N)
    found = find_leaks(np.column_stack([a, b]), ["a", "b"], [False, False], make(a, b), "regression")
    assert _labels(found) == {label}


def test_a_weighted_sum_of_three_is_caught() -> None:
    X = RNG.normal(size=(N, 4))
    found = find_leaks(X, list("abcd"), [False] * 4, X[:, 0] + 2 * X[:, 1] - X[:, 2], "regression")
    assert _labels(found) == {"a + b + c"}


def test_the_answer_in_another_form_is_caught() -> None:
    y = (RNG.random(N) < 0.2).astype(float)
    when_cancelled = np.where(y == 1, RNG.integers(1, 30, N), np.nan)
    reason = np.where(y == 1, RNG.integers(0, 4, N), 4).astype(float)
    code = np.where(RNG.random(N) < 0.999, 1 - y, y)
    X = np.column_stack([when_cancelled, reason, code, RNG.normal(size=N)])
    found = find_leaks(X, ["cancelled_at", "reason", "code", "noise"], [False, True, True, False], y, "binary")
    assert _labels(found) == {"cancelled_at", "reason", "code"}
    z = RNG.lognormal(size=N)
    bent = find_leaks(np.column_stack([np.sqrt(z)]), ["root"], [False], z, "regression")
    assert _labels(bent) == {"root"}


def test_strong_honest_columns_are_left_alone() -> None:
    y = (RNG.random(N) < 0.4).astype(float)
    strong = y * 3 + RNG.normal(size=N)  # AUC 0.98
    found = find_leaks(np.column_stack([strong]), ["strong"], [False], y, "binary")
    assert not found
    amount = RNG.normal(size=N)
    close = amount + 0.2 * RNG.normal(size=N)  # R2 0.96
    assert not find_leaks(
        np.column_stack([close, amount**2]), ["close", "square"], [False, False], amount, "regression"
    )


def test_the_bundled_tables_of_scikit_learn_raise_no_alarm() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    for load, kind in ((datasets.load_breast_cancer, "binary"), (datasets.load_diabetes, "regression")):
        bunch = load()
        names = [str(name) for name in bunch.feature_names]
        found = find_leaks(bunch.data, names, [False] * len(names), bunch.target.astype(float), kind)
        assert not found, found


def test_pure_noise_in_a_tiny_table_raises_no_alarm() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = (rng.random(60) < 0.3).astype(float)
        assert not find_leaks(rng.normal(size=(60, 10)), [str(j) for j in range(10)], [False] * 10, y, "binary")


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda a, b, _: a > b, "a - b"),
        (lambda a, b, _: a + b > 10, "a + b"),
        (lambda a, b, _: a / b > 1.3, "a / b"),
        (lambda a, b, _: np.abs(a - b) < 1.0, "a = b"),
    ],
)
def test_two_amounts_that_make_a_yes_or_no_are_caught(make: Callable[..., np.ndarray], label: str) -> None:
    a, b = RNG.uniform(1, 9, N), RNG.uniform(1, 9, N)
    X = np.column_stack([a, RNG.normal(size=N), b])
    found = find_leaks(X, ["a", "noise", "b"], [False] * 3, make(a, b, None).astype(float), "binary")
    assert _labels(found) == {label}
    assert "neither does alone" in found[0].words


def test_two_codes_that_make_a_yes_or_no_are_caught_with_gaps_and_errors() -> None:
    first, second = RNG.integers(0, 4, N).astype(float), RNG.integers(0, 3, N).astype(float)
    y = ((first + second) % 2).astype(float)
    first[RNG.random(N) < 0.0005] = np.nan
    X = np.column_stack([first, RNG.integers(0, 5, N).astype(float), second])
    found = find_leaks(X, ["first", "noise", "second"], [True] * 3, y, "binary")
    assert _labels(found) == {"first and second"}


def test_clean_simulated_tables_have_no_suspects() -> None:
    """0 of 40 tables with strong honest columns, alone or in pairs."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.choice([80, 400, 3000]))
        X = np.column_stack([rng.normal(size=(n, 4)), rng.integers(0, 5, (n, 3)), rng.exponential(size=n)])
        X[rng.random(X.shape) < 0.03] = np.nan
        filled = np.nan_to_num(X)
        signal = rng.uniform(0.5, 4) * (filled[:, 0] - filled[:, 1] + 0.4 * filled[:, 4] - 0.8)
        y = (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(float)
        coded = [False] * 4 + [True] * 3 + [False]
        assert not find_leaks(X, [str(j) for j in range(8)], coded, y, "binary"), seed
