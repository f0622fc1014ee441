"""Slices nobody declared: found where the model does badly, silent where it doesn't, and judged."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from mainstay.evaluation import EvaluationSettings, evaluate, judge_report, report_document
from mainstay.evaluation.held_out import answer_held_out
from mainstay.evaluation.levels import levels_of
from mainstay.evaluation.slices import find_weak_slices
from mainstay.measures.money import Money
from mainstay.project import Problem
from mainstay.render import to_markdown
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.finding import Finding
    from mainstay.models import Training

    Make = Callable[..., Snapshot]

MONEY = Money(value=300, success_rate=0.3, action_cost=15)
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
LINEAR = TrainingSettings(candidates=("linear",))
LIMITS = EvaluationSettings()


def spoiled(snapshot: Snapshot) -> Snapshot:
    """Make the outcome a coin toss for those who have plan full and a low price, and for nobody else."""
    rng = np.random.default_rng(5)

    def side(rows: object) -> object:
        X, y = rows.X, rows.y.copy()  # type: ignore[attr-defined]
        where = (X[:, 2] == 1) & (X[:, 1] < 55)
        y[where] = (rng.random(int(where.sum())) < 0.5).astype(np.float64)
        return replace(rows, y=y)  # type: ignore[type-var]

    return replace(snapshot, train=side(snapshot.train), test=side(snapshot.test))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def bad(make_snapshot: Make) -> tuple[Snapshot, Training]:
    snapshot = spoiled(make_snapshot(rows=8000, seed=3))
    return snapshot, train(snapshot, LINEAR, MONEY)


def found_in(snapshot: Snapshot, training: Training, settings: EvaluationSettings = LIMITS) -> tuple[Finding, ...]:
    return find_weak_slices(snapshot, training, answer_held_out(snapshot, training, None), settings, ())


def test_a_pair_that_is_badly_served_is_found_with_its_size(bad: tuple[Snapshot, Training]) -> None:
    found = [one for one in found_in(*bad) if one.group == "slice"]
    first = found[0]
    assert "plan=full" in first.where
    assert "price=" in first.where
    assert first.value is not None
    assert first.interval is not None
    assert 1.2 < first.value < 4
    assert first.interval.low > 1
    assert first.n >= 50
    assert "more than chance" in first.note
    worth = [one for one in found_in(*bad) if one.group == "slice_worth"]
    assert [one.where for one in worth] == [one.where for one in found]
    assert all(one.ok is not None and one.unit == "EUR" for one in worth)


def test_the_gates_judge_what_was_found(bad: tuple[Snapshot, Training]) -> None:
    report = evaluate(*bad, MONEY, LIMITS)
    gates = {one.measure: one for one in judge_report(report, Problem(), LIMITS, now=NOW, by="").findings}
    assert gates["no_slice_harmed"].ok is not None
    assert gates["worst_slice"].ok is None
    for most, ok in ((1.05, False), (9.0, True)):
        settings = EvaluationSettings(max_slice_loss=most)
        gates = {one.measure: one for one in judge_report(report, Problem(), settings, now=NOW, by="").findings}
        assert gates["worst_slice"].ok is ok
    page = to_markdown(report_document("churn", 1, report, None, Problem()))
    assert "Where it does badly" in page
    assert "plan=full" in page


def test_beyond_the_limit_by_luck_is_not_judged(bad: tuple[Snapshot, Training]) -> None:
    report = evaluate(*bad, MONEY, LIMITS)
    widest = max(report.slices, key=lambda one: (one.interval.low if one.interval else 0) * (one.group == "slice"))
    assert widest.value is not None
    assert widest.interval is not None
    between = (widest.value + widest.interval.low) / 2
    settings = EvaluationSettings(max_slice_loss=between)
    gates = {one.measure: one for one in judge_report(report, Problem(), settings, now=NOW, by="").findings}
    assert gates["worst_slice"].ok is None
    assert "may be luck" in gates["worst_slice"].note


def test_a_slice_that_acting_harms_fails_its_gate(bad: tuple[Snapshot, Training]) -> None:
    snapshot, training = bad
    test = snapshot.test
    nobody = np.where((test.X[:, 2] == 1) & (test.X[:, 1] < 55), 0.0, test.y)
    settings = EvaluationSettings(min_segment_rows=20)
    harmed = replace(snapshot, test=replace(test, y=nobody))
    everybody = msgspec.structs.replace(training.chosen.policy, threshold=0.0)
    acting = replace(training, chosen=replace(training.chosen, policy=everybody))
    acting = replace(acting, candidates=tuple(acting.chosen if c.name == "linear" else c for c in acting.candidates))
    report = evaluate(harmed, acting, MONEY, settings)
    gates = {one.measure: one for one in judge_report(report, Problem(), settings, now=NOW, by="").findings}
    assert gates["no_slice_harmed"].ok is False
    assert "plan=full" in gates["no_slice_harmed"].where


def test_without_out_of_fold_answers_half_of_the_held_out_rows_is_searched(bad: tuple[Snapshot, Training]) -> None:
    snapshot, training = bad
    unknown = replace(training.chosen, fold_scores=np.full(len(snapshot.train), np.nan))
    foreign = replace(training, chosen=unknown)
    found = [one for one in found_in(snapshot, foreign) if one.group == "slice"]
    assert any("plan=full" in one.where for one in found)
    with_folds = [one for one in found_in(snapshot, training) if one.group == "slice"]
    assert found[0].n < with_folds[0].n


@pytest.mark.parametrize("seed", range(4))
def test_a_model_that_is_right_everywhere_has_no_such_slice_by_much(make_snapshot: Make, seed: int) -> None:
    """Amounts with the same error everywhere: nothing to find."""
    snapshot = make_snapshot("regression", rows=3000, seed=seed)
    training = train(snapshot, LINEAR, Money())
    assert [one.where for one in found_in(snapshot, training)] == []


def test_levels_are_those_of_the_training_rows(make_snapshot: Make) -> None:
    snapshot = make_snapshot(rows=2000)
    train_levels, test_levels = levels_of(snapshot, ("plan", "tenure"))
    assert [one.name for one in train_levels] == ["plan", "tenure", "price", "noise"]
    price = train_levels[2]
    assert price.labels[-1] == "missing"
    assert (price.codes == len(price.labels) - 1).sum() == np.isnan(snapshot.train.X[:, 1]).sum()
    counts = np.bincount(price.codes)[:4]
    assert counts.max() - counts.min() <= 2
    assert test_levels[0].labels[:3] == ("basic", "full", "gone")
    assert [one.codes.size for one in test_levels] == [len(snapshot.test)] * 4


def test_searching_is_quick(make_snapshot: Make) -> None:
    snapshot = make_snapshot(rows=30_000)
    training = train(replace(snapshot, train=snapshot.train.take(np.arange(2000))), LINEAR, MONEY)
    chosen = replace(training.chosen, fold_scores=training.chosen.model.scores(snapshot.train.X))
    started = time.process_time()
    found_in(snapshot, replace(training, chosen=chosen))
    assert time.process_time() - started < 2


def test_it_can_be_left_out(bad: tuple[Snapshot, Training]) -> None:
    assert found_in(*bad, EvaluationSettings(slices=False)) == ()
