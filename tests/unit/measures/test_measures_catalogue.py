"""Every measure in the catalogue keeps the promises of its shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.errors import ProjectError
from mainstay.measures.catalogue import DEFAULT, MEASURES, find_measure, measures_of
from mainstay.measures.measure import Setting

if TYPE_CHECKING:
    from mainstay.measures.measure import Kind


def rows(kind: str, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    scores = rng.random(n)
    return (
        ((rng.random(n) < scores).astype(np.float64), scores)
        if kind == "binary"
        else (scores + rng.normal(0, 0.2, n), scores)
    )


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_has_a_value_inside_its_interval_and_is_repeatable(name: str) -> None:
    measure = MEASURES[name]
    first, again = (measure.estimate(*rows(measure.kind), Setting(seed=3)) for _ in range(2))
    assert first == again
    assert first.interval is not None
    assert first.interval.low <= first.value <= first.interval.high
    assert first.n > 0


@pytest.mark.parametrize("name", list(MEASURES))
def test_no_rows_are_no_number(name: str) -> None:
    found = MEASURES[name].estimate(np.empty(0), np.empty(0))
    assert math.isnan(found.value)
    assert found.interval is None


@pytest.mark.parametrize("name", [name for name, measure in MEASURES.items() if measure.ranks])
def test_the_advantage_has_the_sign_of_better(name: str) -> None:
    measure = MEASURES[name]
    truth, good = rows(measure.kind)
    bad = np.random.default_rng(1).random(truth.size)
    ahead = measure.advantage(truth, (good, 0.5), (bad, 0.5))
    assert ahead.value > 0
    assert ahead.interval is not None
    assert ahead.interval.low > 0
    assert measure.advantage(truth, (bad, 0.5), (good, 0.5)).value == pytest.approx(-ahead.value)
    assert measure.advantage(truth, (good, 0.5), (good, 0.5)).value == 0


@pytest.mark.parametrize("kind", list(DEFAULT))
def test_the_default_can_be_ranked_on(kind: Kind) -> None:
    assert find_measure(DEFAULT[kind], kind) in measures_of(kind)


@pytest.mark.parametrize(
    ("name", "kind", "cure"),
    [
        ("logloss", "binary", "log_loss"),
        ("rmse", "binary", "log_loss"),
        ("ece", "binary", "Use one of"),
        ("bias", "regression", "mae"),
    ],
)
def test_a_measure_that_cannot_rank_is_refused_with_the_cure(name: str, kind: str, cure: str) -> None:
    with pytest.raises(ProjectError, match=cure):
        find_measure(name, kind)  # type: ignore[arg-type]
