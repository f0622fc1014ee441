from __future__ import annotations

import numpy as np
import pytest

from mainstay.measures.distances import psi, psi_interval, psi_noise


def test_the_index_of_a_textbook_example() -> None:
    before, now = np.array([2000, 3000, 5000]), np.array([3000, 3000, 4000])
    by_hand = 0.1 * np.log(0.3 / 0.2) - 0.1 * np.log(0.4 / 0.5)
    assert psi(before, now) == pytest.approx(by_hand, rel=1e-3)


def test_the_index_is_finite_for_a_value_never_seen_before() -> None:
    assert 0.3 < psi(np.array([5000, 0]), np.array([260, 40])) < 5


def test_an_empty_side_says_nothing() -> None:
    some, none = np.array([3, 4]), np.array([0, 0])
    assert psi(some, none) == psi(none, some) == 0.0
    assert psi_noise(5, 0, 10) == 0.0


def test_the_noise_is_the_mean_of_the_index_when_nothing_moved() -> None:
    rng = np.random.default_rng(5)
    shares = np.full(10, 0.1)
    found = [psi(rng.multinomial(5000, shares), rng.multinomial(300, shares)) for _ in range(1000)]
    assert np.mean(found) == pytest.approx(psi_noise(10, 5000, 300), rel=0.1)


def test_the_interval_covers_the_true_index() -> None:
    rng = np.random.default_rng(6)
    before, now = np.full(5, 0.2), np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    truth = float(((now - before) * np.log(now / before)).sum())
    hits = 0
    for _ in range(400):
        index = psi(rng.multinomial(4000, before), rng.multinomial(500, now)) - psi_noise(5, 4000, 500)
        interval = psi_interval(index, 5, 4000, 500)
        hits += interval.low <= truth <= interval.high
    assert hits / 400 > 0.9
