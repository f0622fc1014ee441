"""Watching a model of several classes: money and log loss by outcomes or before them, and drift of the predictions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contract.table import encode_table
from mainstay.evaluation.classes import with_classes
from mainstay.evaluation.held_out import HeldOut
from mainstay.measures.finding import Finding
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.money import Money
from mainstay.models import Policy, Task, choose_yardstick
from mainstay.models.yardstick import Answers
from mainstay.monitoring import MonitoringSettings, look
from mainstay.monitoring.performance import estimated_findings, performance_findings
from mainstay.monitoring.served import read_served
from mainstay.monitoring.value import Gauge, worths_of

if TYPE_CHECKING:
    from tests.unit.monitoring.conftest import World

    from mainstay.events.window import Window
    from mainstay.registry import Bundle

LABELS = ("low", "medium", "high")
TASK = Task(kind="multiclass", target="grade", labels=LABELS)
MONEY = Money(
    matrix={
        "low": {"approve": 0.0, "review": 2.0, "refuse": 10.0},
        "medium": {"approve": 5.0, "review": 1.0, "refuse": 4.0},
        "high": {"approve": 30.0, "review": 5.0, "refuse": 0.0},
    }
)
SETTINGS = MonitoringSettings()


class TrueModel:
    """Gives the true probabilities."""

    framework = "true"

    def scores(self, X: np.ndarray) -> np.ndarray:
        sums = np.column_stack([0.03 * (X[:, 0] - 30), 0.3 * (X[:, 2] == 0), 0.06 * (X[:, 1] - 60)])
        raised = np.exp(sums)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def drawn(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray((rng.random(len(scores))[:, None] > np.cumsum(scores, axis=1)).sum(axis=1), dtype=np.float64)


@dataclass(frozen=True)
class Classes:
    """A bundle whose report was measured on rows without drift, and windows of the same world."""

    world: World
    bundle: Bundle

    def window(self, rows: int, rng: np.random.Generator, *, labelled: float = 1.0, price_up: float = 0.0) -> Window:
        plain = self.world.window(rows, rng, price_up=price_up)
        scores = TrueModel().scores(encode_table(self.bundle.contract, features_of(plain)))
        labels = drawn(scores, rng)
        known = rng.random(rows) < labelled
        policy = self.bundle.policy
        shares = [pl.Series(f"s:{label}", scores[:, code]) for code, label in enumerate(LABELS)]
        frame = plain.frame.with_columns(
            pl.Series("score", scores.max(axis=1)),
            pl.Series("decision", policy.classes.decide_all(scores)),
            pl.Series("label", [x if k else None for x, k in zip(labels.tolist(), known.tolist(), strict=True)]),
            *shares,
        )
        return dataclasses.replace(plain, frame=frame)


def features_of(window: Window) -> pl.DataFrame:
    names = [name for name in window.frame.columns if name.startswith("f:")]
    return window.frame.select(pl.col(name).alias(name.removeprefix("f:")) for name in names)


@pytest.fixture(scope="module")
def classes(world: World) -> Classes:
    rng = np.random.default_rng(4)
    X = encode_table(world.bundle.contract, world.features(3000, rng))
    scores = TrueModel().scores(X)
    truth = drawn(scores, rng)
    shares = np.bincount(truth.astype(int), minlength=3) / truth.size
    stick = choose_yardstick(TASK, MONEY, float(shares.max()), shares=shares.tolist())
    policy = Policy(task=TASK, choices=stick.choices)
    held = HeldOut(X, truth, None, "true", {"true": Answers(scores, policy)}, stick, 7)
    money = mean_estimate(1000 * stick.gains(truth, held.mine))
    loss = choose_yardstick(TASK, Money(), 0.5, shares=shares.tolist()).estimate(truth, held.mine)
    told = [
        Finding(measure=name, where="all", value=found.value, interval=found.interval, n=found.n)
        for name, found in (("money_per_1000", money), ("log_loss", loss))
    ]
    report = msgspec.structs.replace(
        world.bundle.report,
        policy=policy,
        measures=tuple(told),
        base_rate=float(shares.max()),
        test_rows=truth.size,
        score_quantiles=tuple(np.quantile(scores.max(axis=1), np.linspace(0, 1, 101)).tolist()),
    )
    report = with_classes(report, held, truth)
    return Classes(world, dataclasses.replace(world.bundle, policy=policy, report=report, money=MONEY))


def test_a_quiet_window_raises_no_alarm_and_says_everything(classes: Classes) -> None:
    window = classes.window(1500, np.random.default_rng(1))
    found = look(window, classes.bundle, SETTINGS, now=window.until)
    assert not [one for one in found if one.failed]
    values = {one.measure: one for one in found if one.where == "all"}
    assert {"log_loss", "accuracy", "money_per_1000", "estimated_log_loss", "estimated_money_per_1000"} <= set(values)
    drifted = {one.where for one in found if one.group == "drift"}
    assert {"score", "prediction"} <= drifted


def test_a_flood_of_one_label_is_drift_of_the_predictions(classes: Classes) -> None:
    window = classes.window(1500, np.random.default_rng(2), price_up=25.0)
    found = look(window, classes.bundle, SETTINGS, now=window.until)
    (moved,) = [one for one in found if one.group == "drift" and one.where == "prediction"]
    assert moved.failed
    assert "share of 'high'" in moved.note.lower()


def test_realised_money_is_that_of_the_matrix(classes: Classes) -> None:
    window = classes.window(800, np.random.default_rng(3))
    served = read_served(window.frame, classes.bundle)
    assert served.by_label is not None
    costs = MONEY.matrix
    idle = classes.bundle.policy.classes.idle
    by_hand = [
        costs[LABELS[int(label)]][idle] - costs[LABELS[int(label)]][decision]
        for label, decision in window.frame.select("label", "decision").iter_rows()
    ]
    findings = performance_findings(served, classes.bundle.report, MONEY, SETTINGS)
    money = next(one for one in findings if one.measure == "money_per_1000")
    assert money.value == pytest.approx(1000 * np.mean(by_hand))
    assert served.acted.tolist() == [decision != idle for decision in window.frame["decision"]]
    value = worths_of(served, Gauge(classes.bundle.report, MONEY))(None, None).best
    assert value is not None
    assert not value.estimated
    assert value.value == pytest.approx(money.value)


def test_before_outcomes_are_known_money_is_estimated_from_the_probabilities(classes: Classes) -> None:
    """The estimate's interval holds what the outcomes then show, about as often as it says."""
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(120):
        served = read_served(classes.window(300, rng).frame, classes.bundle)
        findings = estimated_findings(served, classes.bundle.report, MONEY)
        estimate = next(one for one in findings if one.measure == "estimated_money_per_1000")
        realised = performance_findings(served, classes.bundle.report, MONEY, SETTINGS)
        shown = next(one for one in realised if one.measure == "money_per_1000").value
        assert estimate.interval is not None
        assert shown is not None
        inside += estimate.interval.low <= shown <= estimate.interval.high
    assert inside >= 0.9 * 120


def test_few_outcomes_are_no_measurement(classes: Classes) -> None:
    served = read_served(classes.window(300, np.random.default_rng(6), labelled=0.05).frame, classes.bundle)
    value = worths_of(served, Gauge(classes.bundle.report, MONEY))(None, None).best
    assert value is not None
    assert value.estimated


def test_answers_of_other_labels_are_left_out_not_miscounted(classes: Classes) -> None:
    window = classes.window(300, np.random.default_rng(7))
    frame = window.frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("s:high"))
    served = read_served(frame, classes.bundle)
    assert not served.known.any()
    strange = window.frame.with_columns(pl.lit("phone").alias("decision"))
    told = estimated_findings(read_served(strange, classes.bundle), classes.bundle.report, MONEY)
    assert [one.measure for one in told] == ["estimated_log_loss"]
