"""How often the gates let through what they must not, by simulation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from mainstay.evaluation import EvaluationSettings, evaluate, judge_report
from mainstay.evaluation.comparisons import compare
from mainstay.evaluation.held_out import HeldOut
from mainstay.measures.money import Money
from mainstay.models import Policy, Report, Task, choose_yardstick
from mainstay.models.yardstick import Answers
from mainstay.project import Problem
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.finding import Finding

    Make = Callable[..., Snapshot]

TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
MONEY = Money(value=300, success_rate=0.3, action_cost=15)
ROWS = 600


def answered(rng: np.random.Generator, mine: float, theirs: float, measure: str = "") -> HeldOut:
    """Draw rows and two models that differ from the truth by blur of their own; ranked on money, or on a measure."""
    x = rng.normal(-1, 1.3, ROWS)
    truth = (rng.random(ROWS) < 1 / (1 + np.exp(-x))).astype(np.float64)
    policy = Policy(task=TASK, threshold=1 / 6)

    def blurred(size: float) -> Answers:
        return Answers(1 / (1 + np.exp(-x - rng.normal(0, size, ROWS))), policy)

    answers = {"lightgbm": blurred(mine), "champion": blurred(theirs), "do-nothing": _idle()}
    stick = choose_yardstick(TASK, MONEY, 0.3, measure)
    return HeldOut(np.empty((ROWS, 0)), truth, None, "lightgbm", answers, stick, 1)


def _idle() -> Answers:
    return Answers(np.full(ROWS, 0.3), Policy(task=TASK, threshold=2.0))


def promoted(mode: Literal["better", "not-worse"], mine: float, theirs: float, runs: int, measure: str = "") -> float:
    """Give the share of runs in which the newcomer is let through against the champion."""
    rng = np.random.default_rng(11)
    primary = measure or "money_per_1000"
    champion = _bare(compared_with="", primary=primary)
    settings = EvaluationSettings(champion=mode)
    through = 0
    for _ in range(runs):
        held = answered(rng, mine, theirs, measure)
        newcomer = _bare(compare(held), compared_with=champion.fingerprint, primary=primary)
        verdict = judge_report(newcomer, Problem(), settings, champion, now=NOW, by="")
        through += next(one.ok is True for one in verdict.findings if one.measure == "against_champion")
    return through / runs


def _bare(comparisons: tuple[Finding, ...] = (), *, compared_with: str, primary: str = "money_per_1000") -> Report:
    return Report(
        candidate="lightgbm",
        primary=primary,
        in_money=primary == "money_per_1000",
        currency="EUR",
        policy=Policy(task=TASK),
        contenders=(),
        measures=(),
        comparisons=comparisons,
        compared_with=compared_with,
    )


def test_an_equal_newcomer_is_rarely_called_better() -> None:
    assert promoted("better", 0.5, 0.5, 300) < 0.05


@pytest.mark.parametrize("measure", ["log_loss", "roc_auc"])
def test_nor_is_it_where_candidates_are_ranked_on_a_measure(measure: str) -> None:
    assert promoted("better", 0.5, 0.5, 300, measure) < 0.05


def test_the_champion_itself_is_never_called_better_than_it_is_and_never_surely_worse() -> None:
    held = answered(np.random.default_rng(2), 0.5, 0.5)
    twin = replace(held, answers={**held.answers, "champion": held.mine})
    champion = _bare(compared_with="")
    newcomer = _bare(compare(twin), compared_with=champion.fingerprint)
    for mode, ok in (("better", False), ("not-worse", True)):
        settings = EvaluationSettings(champion=mode)  # type: ignore[arg-type]
        verdict = judge_report(newcomer, Problem(), settings, champion, now=NOW, by="")
        assert next(one.ok for one in verdict.findings if one.measure == "against_champion") is ok


def test_a_worse_newcomer_is_not_let_through_as_not_worse() -> None:
    assert promoted("not-worse", 2.5, 0.2, 300) < 0.05


def test_a_better_newcomer_is_seen() -> None:
    assert promoted("better", 0.1, 2.5, 300) > 0.8


@pytest.mark.full
@pytest.mark.parametrize("measure", ["", "log_loss", "roc_auc"])
def test_an_equal_newcomer_is_rarely_called_better_in_two_thousand_runs(measure: str) -> None:
    assert promoted("better", 0.5, 0.5, 2000, measure) < 0.05


@pytest.mark.full
def test_models_of_noise_are_rarely_let_through(make_snapshot: Make) -> None:
    """From rows to verdict: where the features say nothing, at most one training in twenty passes its gates."""
    through = 0
    for seed in range(60):
        snapshot = make_snapshot(rows=600, seed=seed, strength=0.0)
        training = train(snapshot, TrainingSettings(), Money())
        report = evaluate(snapshot, training, Money(), EvaluationSettings())
        through += judge_report(report, Problem(), EvaluationSettings(), now=NOW, by="").ok
    assert through <= 3
