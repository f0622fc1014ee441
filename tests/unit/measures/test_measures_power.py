"""The planned experiment sees its effect as often as it says, by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mainstay.measures.power import effect_seen, records_needed

RUNS = 4000


def seen(effect: float, spread: tuple[float, float], share: float, records: int) -> float:
    """Give the share of simulated experiments whose z-test sees the effect."""
    rng = np.random.default_rng(9)
    n, m = round(records * share), records - round(records * share)
    # Skewed outcomes, as money is: gamma, shifted to mean zero.
    mine = spread[0] * (rng.gamma(4, 0.5, (RUNS, n)) - 2) + effect
    theirs = spread[1] * (rng.gamma(4, 0.5, (RUNS, m)) - 2)
    error = np.sqrt(mine.var(axis=1, ddof=1) / n + theirs.var(axis=1, ddof=1) / m)
    return float(np.mean(np.abs(mine.mean(axis=1) - theirs.mean(axis=1)) / error > 1.959964))


@pytest.mark.parametrize(
    ("spread", "share", "power"), [((1.0, 1.0), 0.5, 0.8), ((2.0, 1.0), 0.5, 0.9), ((1.0, 1.5), 0.9, 0.8)]
)
def test_the_effect_is_seen_as_often_as_planned(spread: tuple[float, float], share: float, power: float) -> None:
    records = math.ceil(records_needed(0.15, spread, share=share, power=power))
    assert seen(0.15, spread, share, records) == pytest.approx(power, abs=0.025)


def test_nothing_is_seen_where_nothing_is() -> None:
    assert seen(0.0, (1.0, 1.0), 0.5, 600) == pytest.approx(0.05, abs=0.015)


def test_the_two_questions_are_each_others_inverse() -> None:
    records = records_needed(0.3, (2.0, 5.0), share=0.2)
    assert effect_seen(records, (2.0, 5.0), share=0.2) == pytest.approx(0.3)
    assert effect_seen(0, (1.0, 1.0)) == records_needed(math.nan, (1.0, 1.0)) == math.inf


def test_uneven_arms_need_more() -> None:
    assert records_needed(1, (1, 1), share=0.9) > records_needed(1, (1, 1), share=0.5)
