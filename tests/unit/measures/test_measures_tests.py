"""Tail areas against printed tables, and the G test against its nominal level."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.measures.tests import chi2_sf, g_test, normal_sf

# Abramowitz and Stegun, table 26.8, and the far tail from a quadruple-precision reference.
TABLE = [
    (3.84146, 1, 0.05),
    (6.63490, 1, 0.01),
    (10.828, 1, 0.001),
    (18.3070, 10, 0.05),
    (29.588, 10, 0.001),
    (124.342, 100, 0.05),
    (149.449, 100, 0.001),
    (2.15586, 10, 0.995),
    (35.0, 9, 5.958332974356736e-05),
    (80.0, 9, 1.61613141565346e-13),
    (300.0, 19, 2.0005232442947767e-52),
]


@pytest.mark.parametrize(("x", "freedom", "p"), TABLE)
def test_chi_square_tail_matches_the_tables(x: float, freedom: int, p: float) -> None:
    assert chi2_sf(x, freedom) == pytest.approx(p, rel=1e-3)


def test_two_degrees_of_freedom_have_a_closed_form() -> None:
    for x in (0.1, 1.0, 3.9, 4.1, 50.0, 700.0):
        assert chi2_sf(x, 2) == pytest.approx(np.exp(-x / 2), rel=1e-12)


def test_the_tail_ends_where_it_should() -> None:
    assert chi2_sf(0.0, 5) == 1.0
    assert chi2_sf(-1.0, 5) == 1.0
    assert chi2_sf(float("inf"), 5) == 0.0
    assert chi2_sf(1e5, 3) == 0.0
    assert chi2_sf(1e-12, 400) == 1.0


def test_the_tail_is_continuous_where_the_series_hands_over() -> None:
    for freedom in (1, 2, 9, 40):
        below, above = chi2_sf(freedom + 2 - 1e-9, freedom), chi2_sf(freedom + 2 + 1e-9, freedom)
        assert below == pytest.approx(above, rel=1e-8)


def test_normal_tail() -> None:
    assert normal_sf(1.959963984540054) == pytest.approx(0.025)
    assert normal_sf(6.0) == pytest.approx(9.865876450376946e-10)


def test_the_g_test_keeps_its_level_even_with_nearly_empty_cells() -> None:
    rng = np.random.default_rng(3)
    shares = np.array([0.3, 0.3, 0.2, 0.1, 0.08, 0.015, 0.005])
    p = [g_test(rng.multinomial(3000, shares), rng.multinomial(250, shares)).p for _ in range(2000)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.array(p) <= 0.001) <= 0.004


def test_nothing_to_compare_is_no_evidence() -> None:
    one = np.array([10])
    nobody = np.array([0, 0])
    assert g_test(one, one).p == 1.0
    assert g_test(np.array([5, 5]), nobody).p == 1.0
    assert g_test(np.array([5, 0]), np.array([9, 0])).freedom == 0


def test_a_value_never_seen_before_is_found() -> None:
    assert g_test(np.array([5000, 0]), np.array([260, 40])).p < 1e-12
