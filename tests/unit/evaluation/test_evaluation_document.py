"""The owner's page: what it is worth first, in money or labelled as not being money."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.evaluation import EvaluationSettings, evaluate, judge_report, report_document, summary_document
from mainstay.measures.money import Cost, Money
from mainstay.project import Problem
from mainstay.render import Findings, Table, to_html, to_markdown, to_terminal
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Report, Verdict

    Make = Callable[..., Snapshot]

PROBLEM = Problem(decision="Whom to call", owner="owner@example.com", limitations="Only a test")
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def judged(make_snapshot: Make) -> Callable[[str, Money], tuple[Report, Verdict]]:
    def judge(kind: str, money: Money) -> tuple[Report, Verdict]:
        snapshot = make_snapshot(kind)
        training = train(snapshot, TrainingSettings(), money)
        report = evaluate(snapshot, training, money, EvaluationSettings())
        return report, judge_report(report, PROBLEM, EvaluationSettings(), now=NOW, by="me")

    return judge


def text_of(judged: Callable[[str, Money], tuple[Report, Verdict]], kind: str, money: Money) -> str:
    report, verdict = judged(kind, money)
    document = report_document("churn", 3, report, verdict, PROBLEM)
    assert to_html(document).count("<table") >= 3
    assert to_terminal(document)
    return to_markdown(document)


def test_money_is_the_first_line(judged: Callable[[str, Money], tuple[Report, Verdict]]) -> None:
    text = text_of(judged, "binary", Money(value=300, success_rate=0.3, action_cost=15, currency="CHF"))
    first = text.splitlines()[0]
    assert "churn version 3" in first
    assert "gains" in first
    assert "CHF" in first
    assert "per 1 000 records against doing nothing" in first
    assert "not money" not in text.lower()
    assert 'mainstay release 3 --reason "…"' in text


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_what_is_not_money_says_so_everywhere(
    kind: str, judged: Callable[[str, Money], tuple[Report, Verdict]]
) -> None:
    text = text_of(judged, kind, Money())
    assert "(not money)" in text.splitlines()[0]
    assert text.lower().count("not money") >= 6
    if kind == "binary":
        assert "pays once an action that works is worth more than" in text
    else:
        assert "A unit too little costs, times a unit too much" in text


def test_a_training_ends_with_the_gates_that_could_judge(
    judged: Callable[[str, Money], tuple[Report, Verdict]],
) -> None:
    report, verdict = judged("binary", Money(value=300, success_rate=0.3, action_cost=15))
    summary = summary_document("churn", 3, report, verdict)
    (gates,) = (block for block in summary.blocks if isinstance(block, Findings))
    assert gates.findings
    assert all(finding.ok is not None for finding in gates.findings)
    others = len(verdict.findings) - len(gates.findings)
    assert f"Reported alone or not judged: {others} more" in to_markdown(summary)
    assert summary.title == report_document("churn", 3, report, verdict, PROBLEM).title


def test_amounts_are_planned(judged: Callable[[str, Money], tuple[Report, Verdict]]) -> None:
    text = text_of(judged, "regression", Money(cost=Cost(under=3, over=1)))
    assert "Plan the forecast plus" in text
    assert "enough in 75% of cases" in text


def test_the_page_of_an_unjudged_version_asks_for_the_gates(
    judged: Callable[[str, Money], tuple[Report, Verdict]],
) -> None:
    report, _ = judged("binary", Money())
    document = report_document("churn", 3, report, None, Problem())
    assert "mainstay gate 3" in to_markdown(document)


def test_failed_gates_come_first_and_no_release_is_offered(
    judged: Callable[[str, Money], tuple[Report, Verdict]],
) -> None:
    report, verdict = judged("binary", Money())
    failed = msgspec.structs.replace(verdict, ok=False)
    document = report_document("churn", 3, report, failed, PROBLEM)
    assert any(isinstance(block, Findings) and block.failed_first for block in document.blocks)
    assert "mainstay release" not in to_markdown(document)


def test_every_table_is_as_wide_as_its_head(judged: Callable[[str, Money], tuple[Report, Verdict]]) -> None:
    for kind, money in (("binary", Money()), ("regression", Money())):
        report, verdict = judged(kind, money)
        for block in report_document("churn", 1, report, verdict, PROBLEM).blocks:
            if isinstance(block, Table):
                assert {len(row) for row in block.rows} <= {len(block.columns)}
