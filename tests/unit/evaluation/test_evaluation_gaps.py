"""The gaps between stages: real ones are found, and chance isn't taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.evaluation.gaps import Seen, Stage, difference, measure_gaps
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.money import Money
from mainstay.models import Task
from mainstay.models.policy import Policy
from mainstay.models.yardstick import Answers, choose_yardstick

TASK = Task(kind="binary", target="y", positive="yes", negative="no")


def _seen(stage: Stage, rng: np.random.Generator, rows: int, noise: float = 0.0) -> Seen:
    """Draw calibrated answers; with `noise` the truth follows them less."""
    scores = rng.uniform(0.05, 0.95, rows)
    said = np.where(rng.random(rows) < noise, 0.5, scores)
    truth = (rng.random(rows) < said).astype(float)
    return Seen(stage, truth, Answers(scores, Policy(task=TASK, threshold=0.5)), None, "")


def test_where_nothing_changes_few_gaps_are_found() -> None:
    stick = choose_yardstick(TASK, Money(), 0.5)
    alarms = looks = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sizes: dict[Stage, int] = {"training": 900, "held out": 300, "live": 500}
        stages = [_seen(stage, rng, rows) for stage, rows in sizes.items()]
        found = measure_gaps(stages, stick)
        assert [gap.before for gap in found.gaps] == ["training", "held out"]
        alarms += sum(bool(gap.meaning) for gap in found.gaps)
        looks += len(found.gaps)
    assert alarms / looks < 0.07  # one side of a 95 % interval is 0.025


def test_each_gap_is_named_for_what_it_means() -> None:
    rng = np.random.default_rng(0)
    stages = [
        _seen("training", rng, 3000),
        _seen("held out", rng, 3000, 0.4),
        _seen("next", rng, 3000, 0.4),
        _seen("live", rng, 3000, 0.9),
    ]
    found = measure_gaps(stages, choose_yardstick(TASK, Money(), 0.5))
    assert [gap.worse.ok for gap in found.gaps] == [False, True, False]
    assert "overfitting" in found.gaps[0].meaning
    assert found.gaps[1].meaning == ""
    assert "training-serving skew" in found.gaps[2].meaning


def test_better_is_never_a_gap_whichever_way_the_measure_goes() -> None:
    rng = np.random.default_rng(1)
    stages = [_seen("held out", rng, 3000, 0.6), _seen("next", rng, 3000)]
    for measure in ("log_loss", "roc_auc"):
        (gap,) = measure_gaps(stages, choose_yardstick(TASK, Money(), 0.5, measure)).gaps
        assert gap.worse.value is not None
        assert gap.worse.value < 0
        assert gap.worse.ok is True


def test_the_interval_of_a_difference_covers_it() -> None:
    covered = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        gap = difference(mean_estimate(rng.normal(0, 1, 40)), mean_estimate(rng.normal(0.3, 3, 90)))
        assert gap.interval is not None
        covered += gap.interval.low <= 0.3 <= gap.interval.high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)
