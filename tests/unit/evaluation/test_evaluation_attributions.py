"""How much of its answers a model owes to each feature, and what it means where two rankings disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from mainstay.evaluation import EvaluationSettings, evaluate, report_document
from mainstay.evaluation.attributions import GROUP, MEASURE, disagreements, measure_attributions, rank_correlation
from mainstay.evaluation.held_out import HeldOut
from mainstay.measures.finding import Finding
from mainstay.measures.money import Money
from mainstay.models.report import Influence
from mainstay.project import Problem
from mainstay.render import to_html, to_markdown
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Report, Training

    Floats = NDArray[np.float64]
    Make = Callable[..., Snapshot]

QUICK = TrainingSettings(candidates=("do-nothing", "linear"))


@pytest.fixture(scope="module")
def taken(make_snapshot: Make) -> tuple[Snapshot, Training]:
    snapshot = make_snapshot(rows=1600)
    return snapshot, train(snapshot, QUICK, Money())


@pytest.fixture(scope="module")
def report(taken: tuple[Snapshot, Training]) -> Report:
    return evaluate(*taken, Money(), EvaluationSettings())


class Asked:
    """A model that can only be asked."""

    framework = "asked"

    def __init__(self, function: Callable[[Floats], Floats]) -> None:
        self.function = function

    def scores(self, X: Floats) -> Floats:
        return np.asarray(self.function(X))

    def score_one(self, row: Floats) -> float:
        return float(self.scores(row[None])[0])

    def save(self, folder: Path) -> None:
        del folder


def held(snapshot: Snapshot, training: Training) -> HeldOut:
    rows = snapshot.test
    return HeldOut(rows.X, rows.y, None, training.chosen.name, {}, training.yardstick, 0)


def test_each_feature_has_its_mean_size_with_interval_and_n(report: Report) -> None:
    found = report.attributions
    assert {one.where for one in found} == {"tenure", "price", "plan", "noise"}
    assert found[-1].where == "noise"
    sizes = [one.value or 0 for one in found]
    assert sizes == sorted(sizes, reverse=True)
    for one in found:
        assert (one.measure, one.group, one.unit, one.n) == (MEASURE, GROUP, "points", 400)
        assert one.interval is not None
        assert one.interval.low <= (one.value or 0) <= one.interval.high


def test_a_sum_has_the_size_its_slope_says(taken: tuple[Snapshot, Training]) -> None:
    """With a model that adds, a part is its term less the background's mean, so its mean size can be worked out."""
    snapshot, training = taken
    model = Asked(lambda X: 0.02 * X[:, 0] + np.where(X[:, 2] == 1, 0.4, 0.0))
    one, other, *rest = measure_attributions(snapshot, model, held(snapshot, training), 0)
    assert (one.where, other.where) == ("tenure", "plan")
    X = snapshot.test.X
    assert one.value == pytest.approx(100 * 0.02 * np.abs(X[:, 0] - snapshot.train.X[:, 0].mean()).mean(), rel=0.35)
    assert other.value == pytest.approx(100 * 0.4 * 4 / 9, rel=0.2)
    assert [each.value for each in rest] == pytest.approx([0.0, 0.0])
    assert one.n == 40  # each of them costs thousands of scores


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_other_tasks_are_measured_too(kind: str, make_snapshot: Make) -> None:
    snapshot = make_snapshot(kind, rows=600)
    training = train(snapshot, QUICK, Money())
    found = measure_attributions(snapshot, training.chosen.model, held(snapshot, training), 0)
    assert found[0].unit == ("points" if kind == "multiclass" else "")
    assert found[-1].where == "noise"


def ranked(names: str) -> tuple[Finding, ...]:
    return tuple(Finding(measure=MEASURE, where=name, value=1.0) for name in names)


def influences(names: str, idle: str = "") -> tuple[Influence, ...]:
    return tuple(
        Influence(name, 0.001 if name in idle else 1.0 / (place + 1), 0.01) for place, name in enumerate(names)
    )


def test_strong_disagreement_is_said_in_words_and_small_is_not() -> None:
    same = "abcdefghijklmnop"
    assert disagreements(influences(same), ranked(same)) == ()
    assert rank_correlation(influences(same), ranked(same)) == pytest.approx(1.0)
    assert disagreements(influences(same), ranked("bacdefghijklmnop")) == ()
    (said,) = disagreements(influences("bcdefghijklmnopa", idle="a"), ranked(same))
    assert said.startswith("'a' moves answers, but shuffling it adds no loss")
    assert "1st of 16 by the size of its parts, 16th by the loss" in said
    (said,) = disagreements(influences(same), ranked("bcdefghijklmnopa"))
    assert said.startswith("Shuffling 'a' costs more than the size of its parts suggests")
    assert rank_correlation(influences("ab"), ranked("ab")) is None


def test_the_report_draws_both_rankings(report: Report) -> None:
    document = report_document("churn", 1, report, None, Problem())
    page, text = to_html(document), to_markdown(document)
    assert page.count('class="bars"') >= 2
    assert "Mean size of a feature's parts, points, over 400 held-out rows" in page.replace("&#39;", "'")
    assert "By size of parts: " in text
    assert "rank correlation" in text


def test_a_report_of_before_there_were_any_is_still_drawn(report: Report) -> None:
    old = msgspec.structs.replace(report, attributions=())
    text = to_markdown(report_document("churn", 1, old, None, Problem()))
    assert "What it looks at" in text
    assert "By size of parts" not in text
