"""The gates that look beside the report: each passes, fails and says so when it can't judge."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from mainstay.evaluation import Approval, Case, EvaluationSettings, Evidence, Lock, Rehearsal, Round, judge_report
from mainstay.evaluation.gates import STANDARD
from mainstay.evaluation.gates.approval import judge_approvals
from mainstay.measures.finding import Finding
from mainstay.models import Policy, Report, Task
from mainstay.project import Problem

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
    data_until=NOW - dt.timedelta(days=40),
    data_until_of="column day",
)
DESCRIBED = Problem(decision="Whom to call", action="call", owner="a@b.example", limitations="None known")
ROUNDS = (Round(200, 1.0, 5.0), Round(200, 2.0, 9.0), Round(200, 1.5, 4.0))
WORKED = Rehearsal(asked=20, right=20, rounds=ROUNDS, memory=80.0)
SILENT = Rehearsal(trouble="No port.")
EVERYTHING = Evidence(differences=(), rehearsal=WORKED, lock=Lock(pinned=9), approvals=(), undescribed=("tenure",))
BROKEN = Finding(measure="skew", where="all", value=0.1, ok=False, note="Not what the model saw.")


def judged(
    name: str, evidence: Evidence | None = EVERYTHING, problem: Problem = DESCRIBED, settings: object = None
) -> Finding:
    limits = msgspec.convert(settings or {}, EvaluationSettings)
    findings = STANDARD(Case(REPORT, problem, limits, None, evidence, NOW))
    return next(finding for finding in findings if finding.measure == name)


def having(**change: object) -> Evidence:
    return msgspec.structs.replace(EVERYTHING, **change)


@pytest.mark.parametrize(
    ("name", "evidence", "settings", "ok", "value", "word"),
    [
        ("contract_kept", EVERYTHING, {}, True, 0, "go on as before"),
        ("contract_kept", having(differences=("'age' is needed",)), {}, False, 1, "'age' is needed"),
        ("contract_kept", having(differences=None), {}, None, None, "No other version answers"),
        ("can_be_served", EVERYTHING, {}, True, 1, "after its start"),
        ("can_be_served", having(rehearsal=Rehearsal(asked=20, right=19)), {}, False, 0.95, ""),
        ("can_be_served", having(rehearsal=Rehearsal(asked=20, trouble="No port.")), {}, False, 0, "No port."),
        ("can_be_served", having(rehearsal=SILENT), {}, False, 0, "No port."),
        ("can_be_served", having(rehearsal=Rehearsal()), {}, None, None, "no golden records"),
        ("can_be_served", having(rehearsal=None), {}, None, None, "No worker was started"),
        ("latency_p50", EVERYTHING, {}, None, 1.5, "Only reported"),
        ("latency_p50", EVERYTHING, {"max_p50_ms": 1.6}, True, 1.5, "Median of 3 rounds"),
        ("latency_p99", EVERYTHING, {"max_p99_ms": 4.5}, False, 5.0, "Median of 3 rounds"),
        (
            "latency_p99",
            having(rehearsal=SILENT),
            {"max_p99_ms": 4.5},
            None,
            None,
            "nothing was measured",
        ),
        ("memory", EVERYTHING, {"max_memory_mb": 64}, False, 80, ""),
        ("memory", having(rehearsal=Rehearsal(asked=1, right=1)), {"max_memory_mb": 64}, None, None, "doesn't say"),
        ("dependencies_there", having(lock=Lock(pinned=2, missing=("a 1",))), {}, False, 1, "pip install -r"),
        ("dependencies_there", having(lock=Lock(pinned=2, moved=("a 1, here 2",))), {}, True, 0, "a 1, here 2"),
        ("dependencies_there", having(lock=None), {}, None, None, "Nobody held"),
        ("card_complete", EVERYTHING, {}, True, 0, "Nothing is missing"),
        ("card_complete", EVERYTHING, {"describe": True}, False, 1, "tenure"),
        ("card_complete", None, {}, None, None, "Only the report"),
        ("data_recent", EVERYTHING, {}, None, 40, "Only reported"),
        ("data_recent", EVERYTHING, {"max_age": "6w"}, True, 40, "column day"),
        ("data_recent", EVERYTHING, {"max_age": "30d"}, False, 40, "2026-10-13"),
        ("no_skew", EVERYTHING, {}, None, None, "both ways"),
        ("no_skew", having(live_skew=BROKEN), {}, False, 0.1, "Not what the model saw"),
        ("approved", EVERYTHING, {}, None, None, "asks for no approval"),
        ("approved", EVERYTHING, {"approve": 1}, False, 0, "mainstay approve"),
        ("approved", having(approvals=(Approval("anna", "fine"),)), {"approve": 1}, True, 1, "anna: fine"),
        ("approved", having(approvals=(Approval("anna", "fine"),) * 2), {"approve": 2}, False, 1, "anna: fine"),
    ],
)
def test_each_gate_judges_its_evidence(  # noqa: PLR0917 - a table
    name: str, evidence: Evidence | None, settings: dict[str, object], ok: bool | None, value: float | None, word: str
) -> None:
    found = judged(name, evidence, DESCRIBED, settings)
    assert found.ok is ok
    assert found.value == value
    assert word in found.note
    assert found.group == "gate"


def test_an_empty_problem_makes_an_incomplete_card() -> None:
    found = judged("card_complete", problem=Problem())
    assert found.failed
    fields = ", ".join(f"[problem] {name}" for name in ("decision", "action", "owner", "limitations"))
    assert found.note == f"Nothing is said about {fields}."


def test_noise_is_shown_as_the_span_of_the_rounds() -> None:
    found = judged("latency_p99")
    assert found.interval is not None
    assert (found.interval.low, found.interval.high, found.n) == (4.0, 9.0, 600)


def test_an_approval_changes_its_own_gate_alone() -> None:
    asking = EvaluationSettings(approve=1)
    first = judge_report(REPORT, DESCRIBED, asking, now=NOW, by="me", evidence=EVERYTHING)
    later = NOW + dt.timedelta(hours=1)
    second = judge_approvals(first, (Approval("anna", "fine"),), asking, now=later, by="anna")
    assert not first.ok
    assert second.ok
    assert (second.at, second.by) == (later, "anna")
    changed = [new.measure for old, new in zip(first.findings, second.findings, strict=True) if old != new]
    assert changed == ["approved"]
    bare = msgspec.structs.replace(first, findings=())
    assert [one.measure for one in judge_approvals(bare, (), asking, now=later, by="").findings] == ["approved"]


@pytest.mark.parametrize("wrong", [{"approve": -1}, {"max_age": "soon"}, {"max_p99_ms": 0}, {"max_fall": 1.5}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, EvaluationSettings)
