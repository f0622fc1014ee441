"""Studies: would more rows help, how fast does it age; on worlds where the answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.measures.money import Money
from mainstay.training import TrainingSettings, train
from mainstay.training.staleness import calendar

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Training

    Make = Callable[..., Snapshot]

LINEAR = TrainingSettings(candidates=("linear",))
DAY = 86_400.0
START = 1.6e9  # a day of 2020, in seconds


def drifting(make_snapshot: Make, speed: float, *, days: float = 400.0, rows: int = 4000) -> Training:
    """Train on amounts whose dependence on the first feature turns with time."""
    snapshot = make_snapshot("regression", rows=rows, split="time")
    n = len(snapshot.train)
    share = np.arange(n) / n
    x = np.random.default_rng(3).normal(size=n)
    y = 100 + 10 * x * (1 - 2 * speed * share) + np.random.default_rng(4).normal(size=n)
    X = snapshot.train.X.copy()
    X[:, 0] = x
    rows_ = replace(snapshot.train, X=X, y=y, times=START + days * DAY * share)
    return train(replace(snapshot, train=rows_), LINEAR, Money())


def test_more_rows_help_where_few_were_seen(make_snapshot: Make) -> None:
    snapshot = make_snapshot("regression", rows=700)
    studies = train(snapshot, TrainingSettings(), Money()).studies
    assert [point.share for point in studies.learning_curve] == [0.25, 0.5, 1.0]
    rows = [point.rows for point in studies.learning_curve]
    assert rows[0] == pytest.approx(rows[2] / 4, abs=2)
    for point in studies.learning_curve:
        assert point.result.interval is not None
        assert point.result.interval.low < (point.result.value or 0) < point.result.interval.high
    assert "rows" in studies.learning


def test_more_rows_of_a_line_hardly_help(make_snapshot: Make) -> None:
    """A straight line through thousands of rows has learned all it can."""
    snapshot = make_snapshot("regression", rows=6000)
    y = 3 * snapshot.train.X[:, 0] + np.random.default_rng(0).normal(size=len(snapshot.train))
    studies = train(replace(snapshot, train=replace(snapshot.train, y=y)), LINEAR, Money()).studies
    assert "More rows" in studies.learning
    assert "would help" not in studies.learning


def test_a_model_of_a_turning_world_ages_and_says_how_often_to_train(make_snapshot: Make) -> None:
    studies = drifting(make_snapshot, speed=0.4).studies
    lost = [point.lost.value or 0.0 for point in studies.staleness]
    assert len(lost) == 3
    assert 0 < lost[0] < lost[1] < lost[2]
    assert all(point.lost.interval is not None and point.lost.interval.low > 0 for point in studies.staleness)
    assert studies.staleness[0].period == "month"
    assert studies.ageing.startswith("It ages: a model 1 month older lost")
    assert "Training weekly is advised" in studies.ageing


def test_a_world_that_stands_still_ages_nobody(make_snapshot: Make) -> None:
    studies = drifting(make_snapshot, speed=0.0).studies
    assert studies.ageing.startswith("No ageing was seen")
    assert "Training quarterly is often enough" in studies.ageing


def test_rows_in_no_order_have_no_age(make_snapshot: Make) -> None:
    assert train(make_snapshot(), LINEAR, Money()).studies.staleness == ()


def test_studies_can_be_left_out_and_doing_nothing_has_none(make_snapshot: Make) -> None:
    assert train(make_snapshot(), replace_studies(), Money()).studies.learning_curve == ()
    costly = Money(value=100, action_cost=70)
    idle = train(make_snapshot(strength=0.0), LINEAR, costly)
    assert idle.chosen.name == "do-nothing"
    assert idle.studies.learning_curve == ()


def replace_studies() -> TrainingSettings:
    return TrainingSettings(candidates=("linear",), studies=False)


@pytest.mark.parametrize(
    ("days", "period"),
    [(4000.0, "year"), (800.0, "quarter"), (300.0, "month"), (60.0, "week"), (9.0, "day"), (0.5, "hour")],
)
def test_time_is_cut_into_periods_of_a_natural_length(days: float, period: str) -> None:
    found = calendar(START + np.linspace(0, days * DAY, 5000))
    assert found is not None
    assert found.name == period
    assert found.count >= 8
    assert np.bincount(found.period).min() > 0
    sizes = np.bincount(found.period)[1:]
    assert sizes.max() - sizes.min() <= 2


def test_an_order_that_is_no_time_is_cut_into_twelfths() -> None:
    found = calendar(np.arange(1200.0))
    assert found is not None
    assert found.days is None
    assert np.bincount(found.period).tolist() == [100] * 12
    assert calendar(START + np.linspace(0, 60.0, 50)) is None


def test_in_order_of_time_it_is_said_that_nothing_beat_the_baseline(make_snapshot: Make) -> None:
    training = train(make_snapshot(split="time"), TrainingSettings(), Money())
    assert training.chosen.name == "linear"
    assert any("In order of time nothing beat linear" in note for note in training.notes)
