"""Gates: composed, honest about what they can't judge, and hard to pass by luck."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.errors import ProjectError
from mainstay.evaluation import STANDARD, Case, EvaluationSettings, Gate, evaluate, gate, judge_report
from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.measures.money import Money
from mainstay.project import Problem, Success
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Report, Verdict

    Make = Callable[..., Snapshot]

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
KNOWN = Money(value=300, success_rate=0.3, action_cost=15)
LIMITS = EvaluationSettings()
HARMED = Finding(measure="x", where="plan=a", value=-9.0, limit=Limit("at_least", -2.0), ok=False, group="segment")


@pytest.fixture(scope="module")
def report(make_snapshot: Make) -> Report:
    snapshot = make_snapshot(rows=2000)
    return evaluate(snapshot, train(snapshot, TrainingSettings(), KNOWN), KNOWN, LIMITS)


def verdict_of(
    report: Report, settings: EvaluationSettings = LIMITS, champion: Report | None = None, **problem: object
) -> Verdict:
    return judge_report(report, Problem(**problem), settings, champion, now=NOW, by="me")  # type: ignore[arg-type]


def found(verdict: Verdict, name: str) -> Finding:
    return next(one for one in verdict.findings if one.measure == name)


def fixed(name: str, ok: bool | None) -> Gate:
    return gate(lambda _: Finding(measure=name, where="all", value=None, ok=ok))


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (True, True, [True, True], [True]),
        (True, False, [True, False], [True]),
        (False, True, [False, True], [True]),
        (False, False, [False, False], [False, False]),
        (None, True, [None, True], [True]),
        (None, False, [None, False], [None]),
        (False, None, [False, None], [None]),
        (None, None, [None, None], [None]),
    ],
)
def test_gates_compose(
    report: Report, left: bool | None, right: bool | None, both: list[bool | None], either: list[bool | None]
) -> None:
    case = Case(report, Problem(), LIMITS)
    one, other = fixed("one", left), fixed("other", right)
    assert [finding.ok for finding in (one & other)(case)] == both
    assert [finding.ok for finding in (one | other)(case)] == either


def test_a_good_model_passes_and_what_could_not_be_judged_says_why(report: Report) -> None:
    verdict = verdict_of(report)
    assert verdict.ok
    assert (verdict.at, verdict.by) == (NOW, "me")
    open_ = [one for one in verdict.findings if one.ok is None]
    assert {one.measure for one in open_} >= {"against_champion", "success"}
    assert all(one.note and "Not judged" not in one.note for one in open_)  # why: the verdict says the rest


def test_the_standard_gates_are_all_there(report: Report) -> None:
    names = [finding.measure for finding in STANDARD(Case(report, Problem(), LIMITS))]
    assert names == [
        "not_in_sample",
        "beats_doing_nothing",
        "worth_choosing",
        "keeps_up_with_linear",
        "against_champion",
        "success",
        "no_segment_harmed",
        "no_slice_harmed",
        "worst_slice",
        "inclusive",
        "behaves",
        "scenarios",
        "calibrated",
        "no_leaks",
        "few_rows_lost",
        "labels_agree",
        "no_block_twice",
        "no_column_shifted",
        "data_recent",
        "no_skew",
        "contract_kept",
        "can_be_served",
        "latency_p50",
        "latency_p99",
        "memory",
        "dependencies_there",
        "card_complete",
        "approved",
    ]


def test_nothing_to_learn_fails_against_doing_nothing(make_snapshot: Make) -> None:
    snapshot = make_snapshot(strength=0.0)
    useless = evaluate(snapshot, train(snapshot, TrainingSettings(), Money()), Money(), LIMITS)
    assert useless.candidate == "do-nothing"
    assert found(verdict_of(useless), "beats_doing_nothing").failed


def test_a_model_that_only_says_what_needs_no_model_fails(make_snapshot: Make) -> None:
    cheap = Money(value=300, action_cost=1)  # acting on everybody is as good as any model
    snapshot = make_snapshot(strength=0.3)
    everybody = evaluate(snapshot, train(snapshot, TrainingSettings(), cheap), cheap, LIMITS)
    verdict = verdict_of(everybody)
    assert found(verdict, "beats_doing_nothing").ok
    assert found(verdict, "worth_choosing").failed


@pytest.mark.parametrize(
    ("success", "ok", "word"),
    [
        (Success(measure="roc_auc", at_least=0.5), True, ""),
        (Success(measure="roc_auc", at_least=0.99), False, ""),
        (Success(measure="log_loss", at_most=0.9), True, ""),
        (Success(measure="roc_acu", at_least=0.5), False, "did you mean 'roc_auc'"),
        (Success(measure="roc_auc"), None, "no target"),
    ],
)
def test_success_is_the_owners_gate(report: Report, success: Success, ok: bool | None, word: str) -> None:
    gate_ = found(verdict_of(report, success=success), "success")
    assert gate_.ok is ok
    assert word in gate_.note


def test_a_target_reached_by_luck_is_told(report: Report) -> None:
    auc = report.measure("roc_auc")
    assert auc is not None
    assert auc.value is not None
    gate_ = found(verdict_of(report, success=Success(measure="roc_auc", at_least=auc.value - 0.001)), "success")
    assert gate_.ok
    assert "may be luck" in gate_.note


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"checks": (Finding(measure="leak", where="a + b", value=1.0, ok=False),)}, "no_leaks"),
        ({"checks": (Finding(measure="row_loss", where="all", value=0.3, ok=False),)}, "few_rows_lost"),
        ({"comparisons": (HARMED,)}, "no_segment_harmed"),
        ({"measures": (Finding(measure="ece", where="all", value=0.2, n=900),)}, "calibrated"),
    ],
)
def test_each_gate_stops_what_it_is_there_for(report: Report, change: dict[str, object], name: str) -> None:
    broken = msgspec.structs.replace(report, **change)
    verdict = verdict_of(broken)
    assert found(verdict, name).failed
    assert not verdict.ok


def test_waived_gates_are_shown_and_demanded_ones_must_be_judged(report: Report) -> None:
    leaky = msgspec.structs.replace(report, checks=(Finding(measure="leak", where="a", value=1.0, ok=False),))
    waived = verdict_of(leaky, EvaluationSettings(waive=("no_leaks",)))
    assert waived.ok
    assert found(waived, "no_leaks").note.startswith("Would fail; waived")
    demanded = verdict_of(report, EvaluationSettings(demand=("success",)))
    assert not demanded.ok
    assert found(demanded, "success").note.startswith("Demanded in [evaluation]")
    with pytest.raises(ProjectError, match="Did you mean 'no_leaks'"):
        verdict_of(report, EvaluationSettings(waive=("no_leak",)))


def against(report: Report, champion: Report, value: float, half: float) -> Report:
    """Make the report of a newcomer that was compared with the champion on the same rows."""
    difference = Finding(
        measure=report.primary,
        where="over champion",
        value=value,
        interval=Interval(value - half, value + half),
        n=500,
        group="comparison",
    )
    return msgspec.structs.replace(
        report, comparisons=(*report.comparisons, difference), compared_with=champion.fingerprint
    )


@pytest.mark.parametrize(
    ("value", "half", "not_worse", "better"),
    [
        (500.0, 100.0, True, True),
        (10.0, 100.0, True, False),
        (0.0, 0.0, True, False),
        (-100.0, 50.0, True, False),
        (0.0, 9000.0, False, False),
        (-5000.0, 100.0, False, False),
    ],
)
def test_a_newcomer_must_surely_not_be_worse_or_surely_be_better(
    report: Report, value: float, half: float, not_worse: bool, better: bool
) -> None:
    newcomer = against(report, report, value, half)
    for demanded, ok in (("not-worse", not_worse), ("better", better)):
        settings = EvaluationSettings(champion=demanded)  # type: ignore[arg-type]
        assert found(verdict_of(newcomer, settings, report), "against_champion").ok is ok
    ignoring = verdict_of(newcomer, EvaluationSettings(champion="ignore"), report)
    assert found(ignoring, "against_champion").ok is None


def test_a_comparison_with_another_champion_is_not_taken_for_one_with_this(report: Report) -> None:
    newcomer = against(report, report, 9000.0, 1.0)
    other = msgspec.structs.replace(report, why="another champion")
    gate_ = found(verdict_of(newcomer, champion=other), "against_champion")
    assert gate_.value == 0
    assert "its own held-out rows" in gate_.note


def test_rows_of_their_own_show_only_great_differences(report: Report) -> None:
    def worth(value: float) -> Report:
        mine = msgspec.structs.replace(report.measures[0], value=value, interval=Interval(value - 500, value + 500))
        return msgspec.structs.replace(report, measures=(mine, *report.measures[1:]))

    champion = worth(5000)
    verdicts = {value: verdict_of(worth(value), champion=champion) for value in (5000.0, 4900.0, 500.0, 9000.0)}
    assert {value: found(one, "against_champion").ok for value, one in verdicts.items()} == {
        5000.0: None,
        4900.0: None,
        500.0: False,
        9000.0: True,
    }
    better = EvaluationSettings(champion="better")
    assert found(verdict_of(worth(5100), better, champion), "against_champion").ok is False


def test_money_is_not_compared_with_log_loss(report: Report) -> None:
    other = msgspec.structs.replace(report, primary="log_loss")
    gate_ = found(verdict_of(report, champion=other), "against_champion")
    assert gate_.ok is None
    assert "can't be compared" in gate_.note


@pytest.mark.parametrize("wrong", [{"tolerance": 2.0}, {"max_calibration_error": -0.1}, {"min_segment_rows": 1}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EvaluationSettings(**wrong)  # type: ignore[arg-type]
