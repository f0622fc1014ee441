"""The report of several classes: money against one action for all, the confusion matrix, each label's own numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from mainstay import render
from mainstay.contract import Contract, Profile, profile_rows
from mainstay.evaluation import EvaluationSettings, evaluate, judge_report
from mainstay.evaluation.document import report_document
from mainstay.measures.money import Money
from mainstay.models import Report
from mainstay.project import Problem
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Model, Policy, Training
    from mainstay.models.features import Features

    Make = Callable[..., Snapshot]

MATRIX = {
    "low": {"approve": 0.0, "review": 2.0, "refuse": 10.0},
    "medium": {"approve": 5.0, "review": 1.0, "refuse": 4.0},
    "high": {"approve": 30.0, "review": 5.0, "refuse": 0.0},
}
MONEY = Money(matrix=MATRIX)
LINEAR = TrainingSettings(candidates=("linear",))
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


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
        return self.contract


@pytest.fixture(scope="module")
def taken(make_snapshot: Make) -> tuple[Snapshot, Training]:
    snapshot = make_snapshot("multiclass", 1200)
    return snapshot, train(snapshot, LINEAR, MONEY)


@pytest.fixture(scope="module")
def report(taken: tuple[Snapshot, Training]) -> Report:
    return evaluate(*taken, MONEY, EvaluationSettings())


def test_money_leads_and_every_number_has_interval_and_n(report: Report) -> None:
    names = [finding.measure for finding in report.measures]
    assert names[0] == "money_per_1000"
    assert {"log_loss", "brier", "accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc", "ece"} <= set(names)
    assert "share_acted_on" in names
    assert all(finding.interval is not None and finding.n == 300 for finding in report.measures)
    money = report.measure("money_per_1000")
    assert money is not None
    assert money.value is not None
    assert money.value > 0


def test_the_confusion_matrix_counts_every_held_out_row_once(taken: tuple[Snapshot, Training], report: Report) -> None:
    snapshot, training = taken
    counts = np.array(report.confusion)
    assert counts.shape == (3, 3)
    assert counts.sum() == report.test_rows
    assert counts.sum(axis=1).tolist() == np.bincount(snapshot.test.y.astype(int)).tolist()
    predicted = training.chosen.model.scores(snapshot.test.X).argmax(axis=1)
    assert report.predicted_shares == pytest.approx(np.bincount(predicted, minlength=3) / predicted.size)
    assert sum(report.shares) == pytest.approx(1)
    recalls = {one.where: one.value for one in report.labels if one.measure == "recall"}
    assert recalls["high"] == pytest.approx(counts[2, 2] / counts[2].sum())


def test_the_gates_judge_several_classes(report: Report) -> None:
    verdict = judge_report(report, Problem(), EvaluationSettings(), now=NOW, by="me")
    found = {finding.measure: finding for finding in verdict.findings}
    assert found["beats_doing_nothing"].ok
    assert found["worth_choosing"].ok
    assert found["calibrated"].ok is not None


def test_what_learned_nothing_does_not_pass(make_snapshot: Make) -> None:
    snapshot = make_snapshot("multiclass", 900, strength=0.0)
    training = train(snapshot, LINEAR, MONEY)
    report = evaluate(snapshot, training, MONEY, EvaluationSettings())
    verdict = judge_report(report, Problem(), EvaluationSettings(), now=NOW, by="me")
    assert not verdict.ok
    assert not next(one for one in verdict.findings if one.measure == "beats_doing_nothing").ok


def test_the_champion_is_compared_on_the_same_rows(taken: tuple[Snapshot, Training], report: Report) -> None:
    snapshot, training = taken
    same = Champion(
        model=training.chosen.model,
        policy=training.chosen.policy,
        contract=snapshot.contract,
        report=report,
        profile=profile_rows(snapshot.inputs, snapshot.train.X),
    )
    again = evaluate(snapshot, training, MONEY, EvaluationSettings(), same)
    ahead = again.comparison("over champion")
    assert ahead is not None
    assert ahead.value == 0
    other = msgspec.structs.replace(training.chosen.policy.classes, actions=("a", "b", "c"), idle="a")
    strange = Champion(
        model=same.model,
        policy=msgspec.structs.replace(same.policy, choices=other),
        contract=same.contract,
        report=report,
        profile=same.profile,
    )
    assert evaluate(snapshot, training, MONEY, EvaluationSettings(), strange).comparison("over champion") is None


def test_features_that_matter_are_told_from_noise(report: Report) -> None:
    found = {one.feature: one for one in report.influences}
    assert found["tenure"].value > 3 * found["tenure"].error > 0
    assert abs(found["noise"].value) < found["tenure"].value / 5


def test_the_page_shows_which_label_is_taken_for_which(report: Report) -> None:
    document = report_document("grades", 1, report, None, Problem())
    text = render.to_markdown(document)
    assert "Which label is taken for which" in text
    assert "| True label | low | medium | high | Rows |" in text
    assert "'approve', 'review', 'refuse'" in text
    assert "against 'refuse' for every record" in text
    assert "Which label is taken for which" in render.to_html(document)


def test_the_report_survives_the_disk(report: Report) -> None:
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_without_money_it_says_so(make_snapshot: Make) -> None:
    snapshot = make_snapshot("multiclass", 900)
    training = train(snapshot, LINEAR, Money())
    report = evaluate(snapshot, training, Money(), EvaluationSettings())
    assert not report.in_money
    assert report.primary == "log_loss"
    assert "Set [money.matrix] in mainstay.toml" in report.notes[0]
    assert report.measure("share_acted_on") is None
