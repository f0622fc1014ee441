"""The ML Test Score: 28 tests, each with evidence, and honest zeros that say what would earn the point."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from mainstay.contract import Contract, Number
from mainstay.evaluation import EvaluationSettings
from mainstay.evaluation.testscore import Facts, score, score_document
from mainstay.measures.finding import Finding
from mainstay.models import Policy, Report, Task
from mainstay.models.report import Influence, Verdict
from mainstay.project import Problem
from mainstay.render.html import to_html
from mainstay.render.markdown import to_markdown

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")
REPORT = Report(
    candidate="linear",
    primary="log_loss",
    in_money=False,
    currency="EUR",
    policy=Policy(task=TASK),
    contenders=(),
    measures=(),
)
OWNED = Contract((Number(name="tenure", owner="anna", source="crm", description="months"),))
GATES = (
    "beats_doing_nothing",
    "no_segment_harmed",
    "inclusive",
    "can_be_served",
    "dependencies_there",
    "no_skew",
    "data_recent",
    "latency_p99",
)


def facts(**change: object) -> Facts:
    start = Facts(
        version=3,
        report=REPORT,
        verdict=None,
        contract=Contract((Number(name="tenure"),)),
        problem=Problem(),
        settings=EvaluationSettings(),
    )
    return Facts(**{**{name: getattr(start, name) for name in start.__dataclass_fields__}, **change})


def best() -> Facts:
    passed = tuple(Finding(measure=name, where="all", value=1.0, ok=True) for name in GATES)
    return facts(
        report=msgspec.structs.replace(REPORT, influences=(Influence("tenure", 0.1, 0.01),)),
        verdict=Verdict(ok=True, findings=passed, at=NOW),
        contract=OWNED,
        settings=EvaluationSettings(approve=1, describe=True, max_age="30d", max_p99_ms=20),
        committed=True,
        approvals=1,
        releases=4,
        stepwise=True,
        rolled_back=True,
        lead_hours=2.5,
        pipeline=".gitlab-ci.yml",
        looked={"quality": 9, "skew": 1, "system": 2, "performance": 3},
        realised=3,
    )


def test_there_are_28_and_each_has_evidence_and_a_command() -> None:
    found = score("churn", facts())
    assert [test.id for test in found.tests] == [
        f"{section} {number}" for section in ("Data", "Model", "Infra", "Monitor") for number in range(1, 8)
    ]
    for test in found.tests:
        assert test.evidence
        assert test.command.startswith("mainstay ")
        assert "{v}" not in test.command + test.earn
        assert test.points in {0, 0.5, 1}
        assert bool(test.earn) is (test.points < 1), test.id


def test_the_score_is_the_weakest_section() -> None:
    for each in (facts(), best()):
        found = score("churn", each)
        sums = {name: sum(test.points for test in found.tests if test.section == name) for name in found.sections}
        assert found.sections == sums
        assert found.score == min(sums.values())


def test_much_is_earned_where_much_was_done_and_little_where_nothing_was() -> None:
    poor, rich = score("churn", facts()), score("churn", best())
    assert poor.score <= 1
    assert rich.sections["Monitor"] == 7
    assert rich.score >= 4
    assert all(mine.points >= theirs.points for mine, theirs in zip(rich.tests, poor.tests, strict=True))


@pytest.mark.parametrize(
    ("change", "name", "points"),
    [
        ({"approvals": 1}, "Model 1", 0.5),
        ({"reproduced": Finding(measure="reproduced", where="version 3", value=1.0, ok=True)}, "Infra 1", 1),
        ({"reproduced": Finding(measure="reproduced", where="version 3", value=0.0, ok=False)}, "Infra 1", 0.5),
        ({"rolled_back": True}, "Infra 7", 1),
        ({"releases": 2}, "Infra 7", 0.5),
        ({"feature_code": True}, "Data 7", 0),
        ({"feature_code": True, "feature_tests": True}, "Data 7", 0.5),
        ({"feature_code": True, "feature_tests": True, "pipeline": "Jenkinsfile"}, "Data 7", 1),
        ({"contract": OWNED}, "Data 4", 0.5),
        ({"realised": 1}, "Model 2", 0.5),
        ({"looked": {"quality": 2}}, "Monitor 2", 1),
    ],
)
def test_each_fact_earns_its_point(change: dict[str, object], name: str, points: float) -> None:
    found = score("churn", facts(**change))
    assert next(test.points for test in found.tests if test.id == name) == points


def test_it_is_laid_out_with_the_number_first() -> None:
    document = score_document(score("churn", best()))
    text = to_markdown(document)
    assert text.startswith("# churn version 3: ML Test Score ")
    assert text.count("| ✓ done |") == sum(test.points == 1 for test in score("churn", best()).tests)
    assert to_html(document).count("<table") == 4
