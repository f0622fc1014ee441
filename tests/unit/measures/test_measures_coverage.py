"""What each interval really covers, by simulation: nominal 95 %, as far as chance (quickly) or 2 points allow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mainstay.measures.catalogue import MEASURES, measure_of
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.measure import Measure, Setting
from mainstay.measures.own import OwnMeasure
from mainstay.measures.scores import calibration_error

THRESHOLD = 0.3
ROWS, FEW = 800, 100
DRAWN = ["average_precision", "ece", "own number"]
QUICK = [*(name for name in MEASURES if name not in DRAWN), "pinball(0.9)", "own rows"]
OWN = {
    "own number": OwnMeasure(
        name="own number",
        label="median absolute error",
        kind="regression",
        better="lower",
        function=lambda truth, scores: np.median(np.abs(truth - scores)),
    ),
    "own rows": OwnMeasure(
        name="own rows",
        label="late by more than ten",
        kind="regression",
        better="lower",
        function=lambda truth, scores: np.where(truth > 80, truth - scores > 10, np.nan),
    ),
}


def measure_called(name: str) -> Measure:
    found = OWN.get(name) or MEASURES.get(name) or measure_of(name, "regression")
    assert found is not None
    return found


def world(kind: str, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of a world whose truth is known: probabilities a little too sure, amounts with a heavy tail."""
    if kind == "binary":
        x = rng.normal(-1.2, 1.2, n)
        return (rng.random(n) < 1 / (1 + np.exp(-x))).astype(np.float64), 1 / (1 + np.exp(-1.15 * x))
    x = rng.normal(0, 1, n)
    return 100 + 20 * x + rng.gamma(3, 5, n), 115 + 20 * x


def true_value(name: str) -> float:
    """Measure on so many rows that chance is gone."""
    measure = measure_called(name)
    truth, scores = world(measure.kind, np.random.default_rng(0), 2_000_000)
    if name == "ece":
        return calibration_error(truth, scores)
    return measure.value(truth, scores, THRESHOLD)


def coverage(name: str, runs: int, n: int = ROWS) -> float:
    """Count how often the interval holds the true value."""
    measure, truly, rng = measure_called(name), true_value(name), np.random.default_rng(1)
    held = 0
    for run in range(runs):
        found = measure.estimate(*world(measure.kind, rng, n), Setting(threshold=THRESHOLD, seed=run))
        assert found.interval is not None
        held += found.interval.low <= truly <= found.interval.high
    return held / runs


def tolerated(runs: int, points: float) -> float:
    """Allow `points`, and what chance does to a share of so many runs in one case out of a thousand."""
    return points + 3.3 * math.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize("name", QUICK)
def test_intervals_cover_what_they_say(name: str) -> None:
    assert coverage(name, 400) == pytest.approx(0.95, abs=tolerated(400, 0.0))


@pytest.mark.parametrize("name", ["log_loss", "roc_auc", "f1", "rmse", "mape", "r2", "pinball(0.9)", "own rows"])
def test_intervals_of_few_rows_cover_what_they_say(name: str) -> None:
    assert coverage(name, 400, FEW) == pytest.approx(0.95, abs=tolerated(400, 0.0))


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_intervals_cover_what_they_say(name: str) -> None:
    assert coverage(name, 100) == pytest.approx(0.95, abs=tolerated(100, 0.0))


@pytest.mark.full
@pytest.mark.parametrize("n", [ROWS, FEW])
@pytest.mark.parametrize("name", [*QUICK, *DRAWN])
def test_intervals_cover_what_they_say_in_thousands_of_runs(name: str, n: int) -> None:
    assert coverage(name, 1000 if name in DRAWN else 4000, n) == pytest.approx(0.95, abs=0.02)


def test_clusters_keep_the_promise_that_rows_alone_break() -> None:
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(60), 20)
    held = {"rows": 0, "clusters": 0}
    for _ in range(300):
        values = np.repeat(rng.normal(0, 1, 60), 20) + rng.normal(0, 1, 1200)
        for name, hanging in (("rows", None), ("clusters", clusters)):
            interval = mean_estimate(values, hanging).interval
            assert interval is not None
            held[name] += interval.low <= 0 <= interval.high
    assert held["rows"] / 300 < 0.6
    assert held["clusters"] / 300 == pytest.approx(0.95, abs=tolerated(300, 0.0))


@pytest.mark.parametrize("name", ["log_loss", "roc_auc", "recall", "rmse", "mape", "pinball(0.9)", "own rows"])
def test_the_paired_advantage_covers_what_it_says(name: str) -> None:
    measure, rng = measure_called(name), np.random.default_rng(3)

    def pair(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        truth, scores = world(measure.kind, rng, n)
        blur = rng.normal(0, 0.05 if measure.kind == "binary" else 5, n)
        return truth, scores, np.clip(scores + blur, 0.01, None if measure.kind == "regression" else 0.99)

    truth, mine, other = pair(1_000_000)
    sign = 1 if measure.better == "higher" else -1
    truly = sign * (measure.value(truth, mine, THRESHOLD) - measure.value(truth, other, THRESHOLD))
    held = 0
    for _ in range(400):
        truth, mine, other = pair(ROWS)
        interval = measure.advantage(truth, (mine, THRESHOLD), (other, THRESHOLD)).interval
        assert interval is not None
        held += interval.low <= truly <= interval.high
    assert held / 400 == pytest.approx(0.95, abs=tolerated(400, 0.0))
