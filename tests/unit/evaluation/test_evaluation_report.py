"""The report: money first, every number with interval and n, nothing that JSON can't hold."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from mainstay.contract import Category, Contract, profile_rows
from mainstay.evaluation import EvaluationSettings, evaluate
from mainstay.measures.money import Cost, Money, Stakes, gains
from mainstay.models import Report
from mainstay.models.features import seen_by
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contract import Profile
    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Model, Policy, Training
    from mainstay.models.features import Features

    Make = Callable[..., Snapshot]

KNOWN = Money(value=300, success_rate=0.3, action_cost=15)
LIMITS = EvaluationSettings()


@dataclass(frozen=True)
class Champion:
    """What the registry's bundle has as well."""

    model: Model
    policy: Policy
    contract: Contract
    report: Report
    profile: Profile
    features: Features | None = None

    @property
    def inputs(self) -> Contract:
        return seen_by(self.contract, self.features)


def profile_of(snapshot: Snapshot) -> Profile:
    return profile_rows(snapshot.inputs, snapshot.train.X)


@pytest.fixture(scope="module")
def taken(make_snapshot: Make) -> tuple[Snapshot, Training]:
    snapshot = make_snapshot(rows=2000)
    return snapshot, train(snapshot, TrainingSettings(), KNOWN)


@pytest.fixture(scope="module")
def report(taken: tuple[Snapshot, Training]) -> Report:
    return evaluate(*taken, KNOWN, LIMITS)


def test_money_leads_and_is_what_acting_gained(report: Report, taken: tuple[Snapshot, Training]) -> None:
    snapshot, training = taken
    acted = training.chosen.model.scores(snapshot.test.X) >= training.chosen.policy.threshold
    gained = 1000 * gains(snapshot.test.y > 0.5, acted, Stakes(75.0, -15.0)).mean()
    first = report.measures[0]
    assert (first.measure, first.unit, report.primary, report.in_money) == (
        "money_per_1000",
        "EUR",
        "money_per_1000",
        True,
    )
    assert first.value == pytest.approx(gained)
    assert report.contenders[0].primary.value == 0
    assert report.break_even == ()


def test_every_number_has_an_interval_around_it_and_a_sample_size(report: Report) -> None:
    for finding in (*report.measures, *report.segments, *report.comparisons):
        assert finding.value is not None
        assert finding.n > 0
        assert finding.interval is not None
        assert finding.interval.low <= finding.value <= finding.interval.high


def test_a_report_survives_json_and_is_the_same_again(report: Report, taken: tuple[Snapshot, Training]) -> None:
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    again = evaluate(*taken, KNOWN, LIMITS)
    assert again == report
    assert again.fingerprint == report.fingerprint


def test_segments_are_measured_and_compared_with_doing_nothing(report: Report) -> None:
    assert [one.where.split("=")[0] for one in report.segments] == ["plan"] * 3
    assert sum(one.n for one in report.segments) == report.test_rows
    ahead = [one for one in report.comparisons if one.group == "segment"]
    assert [one.where for one in ahead] == [one.where for one in report.segments]


def test_a_segment_that_is_surely_harmed_fails_and_a_small_one_is_not_judged(taken: tuple[Snapshot, Training]) -> None:
    snapshot, training = taken
    test = snapshot.test
    worse = np.where(test.segments["plan"] == "basic", 0.0, test.y)  # acting there never pays any more
    labels = test.segments["plan"].copy()
    labels[:5] = "rare"
    harmed = replace(snapshot, test=replace(test, y=worse, segments={"plan": labels}))
    found = {one.where: one for one in evaluate(harmed, training, KNOWN, LIMITS).comparisons if one.group == "segment"}
    assert found["plan=basic"].ok is False
    assert found["plan=gone"].ok is True
    assert found["plan=rare"].ok is None
    assert "too few" in found["plan=rare"].note


def test_influences_find_what_matters_and_what_does_not(report: Report) -> None:
    found = {one.feature: one for one in report.influences}
    assert report.influences[0].feature in {"tenure", "price"}
    assert found["tenure"].value > 3 * found["tenure"].error
    assert abs(found["noise"].value) < 4 * max(found["noise"].error, 1e-4)


def test_without_money_it_says_so_and_prints_what_acting_would_need(make_snapshot: Make) -> None:
    snapshot = make_snapshot()
    found = evaluate(snapshot, train(snapshot, TrainingSettings(), Money()), Money(), LIMITS)
    assert (found.primary, found.in_money) == ("log_loss", False)
    assert "Not money" in found.notes[0]
    assert [row.threshold for row in found.break_even] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
    assert found.measure("money_per_1000") is None


def test_amounts_with_and_without_costs(make_snapshot: Make) -> None:
    snapshot = make_snapshot("regression")
    costs = Money(cost=Cost(under=3, over=1))
    with_costs = evaluate(snapshot, train(snapshot, TrainingSettings(), costs), costs, LIMITS)
    assert with_costs.in_money
    assert with_costs.policy.shift > 0
    ahead = with_costs.comparison("over the same answer for all")
    assert ahead is not None
    assert ahead.ok
    without = evaluate(snapshot, train(snapshot, TrainingSettings(), Money()), Money(), LIMITS)
    assert (without.primary, without.policy.shift) == ("rmse", 0.0)
    assert [row.ratio for row in without.margins] == [0.25, 1.0, 4.0, 9.0]
    assert [row.shift for row in without.margins] == sorted(row.shift for row in without.margins)


def test_rows_that_hang_together_make_wider_intervals(make_snapshot: Make) -> None:
    snapshot = make_snapshot(split="group")
    training = train(snapshot, TrainingSettings(candidates=("linear",)), Money())
    rows = snapshot.test.take(np.repeat(np.arange(len(snapshot.test)), 5))
    copied = replace(snapshot, test=replace(rows, groups=rows.index.astype(np.str_)))
    alone = replace(copied, test=replace(copied.test, groups=None))
    honest, naive = (evaluate(one, training, Money(), LIMITS).measures[0].interval for one in (copied, alone))
    assert honest is not None
    assert naive is not None
    assert honest.high - honest.low > 2 * (naive.high - naive.low)


def test_the_champion_is_compared_on_the_same_rows(taken: tuple[Snapshot, Training], report: Report) -> None:
    snapshot, training = taken
    champion = Champion(training.chosen.model, training.chosen.policy, snapshot.contract, report, profile_of(snapshot))
    found = evaluate(*taken, KNOWN, LIMITS, champion)
    same = found.comparison("over champion")
    assert same is not None
    assert (same.value, found.compared_with) == (0.0, report.fingerprint)


def test_a_champion_with_a_contract_of_its_own_reads_the_rows_its_own_way(
    taken: tuple[Snapshot, Training], report: Report
) -> None:
    snapshot, training = taken
    turned = [
        msgspec.structs.replace(one, values=tuple(reversed(one.values))) if isinstance(one, Category) else one
        for one in snapshot.contract.columns
    ]
    champion = Champion(
        training.chosen.model, training.chosen.policy, Contract(tuple(turned)), report, profile_of(snapshot)
    )
    found = evaluate(*taken, KNOWN, LIMITS, champion).comparison("over champion")
    assert found is not None
    assert found.value != 0  # the codes mean other plans to it
    narrow = [
        msgspec.structs.replace(one, values=("basic",), unknown="reject") if isinstance(one, Category) else one
        for one in snapshot.contract.columns
    ]
    refusing = replace(champion, contract=Contract(tuple(narrow)))
    assert evaluate(*taken, KNOWN, LIMITS, refusing).comparison("over champion") is None


def test_held_out_rows_of_one_label_are_reported_without_a_traceback(taken: tuple[Snapshot, Training]) -> None:
    snapshot, training = taken
    only = replace(snapshot, test=snapshot.test.take(np.flatnonzero(snapshot.test.y == 0)))
    found = evaluate(only, training, KNOWN, LIMITS)
    auc = found.measure("roc_auc")
    assert auc is not None
    assert auc.value is None
    assert auc.note
    assert msgspec.json.decode(msgspec.json.encode(found), type=Report) == found


def test_ten_thousand_rows_are_reported_in_under_three_seconds(make_snapshot: Make) -> None:
    snapshot = make_snapshot(rows=40_000)
    small = replace(snapshot, train=snapshot.train.take(np.arange(3000)))
    training = train(small, TrainingSettings(candidates=("lightgbm",)), Money())
    start = time.process_time()
    assert evaluate(small, training, Money(), LIMITS).test_rows == 10_000
    assert time.process_time() - start < 3
