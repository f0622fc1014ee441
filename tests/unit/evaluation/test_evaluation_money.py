"""Money in a report: what it depends on, what capacity makes of it, what it comes to in a week."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Contract, Datetime
from mainstay.evaluation import EvaluationSettings, evaluate, judge_report, report_document
from mainstay.evaluation.comparisons import least_error
from mainstay.evaluation.held_out import answer_held_out
from mainstay.measures.money import Capacity, Cost, Money
from mainstay.models import Policy
from mainstay.project import Problem, Success
from mainstay.render import to_html, to_markdown, to_terminal
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.finding import Finding
    from mainstay.models import Report

    Make = Callable[..., Snapshot]

LINEAR = TrainingSettings(candidates=("do-nothing", "linear"))
LIMITS = EvaluationSettings(robustness=False)
KNOWN = Money(value=300, success_rate=0.3, action_cost=15)
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def report_of(snapshot: Snapshot, money: Money, measure: str = "") -> Report:
    settings = TrainingSettings(candidates=LINEAR.candidates, measure=measure)
    return evaluate(snapshot, train(snapshot, settings, money, action="call"), money, LIMITS)


@pytest.fixture(scope="module")
def rows(make_snapshot: Make) -> Snapshot:
    return make_snapshot(rows=2000)


@pytest.fixture(scope="module")
def weekly(make_snapshot: Make) -> Snapshot:
    """Give rows in order of time: 2 000 in twenty weeks, a hundred a week."""
    made = make_snapshot(rows=2000, split="time")
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    step = 7 * 86_400 / 100

    def timed(rows: object, first: int) -> object:
        n = len(rows.y)  # type: ignore[attr-defined]
        at = np.arange(first, first + n) * step
        moments = [start + dt.timedelta(seconds=float(each)) for each in at]
        frame = rows.frame.with_columns(pl.Series("asked", moments, dtype=pl.Datetime("us", "UTC")))  # type: ignore[attr-defined]
        return replace(rows, times=at + start.timestamp(), frame=frame)  # type: ignore[type-var]

    contract = Contract((*made.contract.columns, Datetime(name="asked", role="time")))
    train_rows, test_rows = timed(made.train, 0), timed(made.test, len(made.train.y))
    return replace(made, train=train_rows, test=test_rows, time="asked", contract=contract)  # type: ignore[arg-type]


def at(report: Report, where: str) -> Finding:
    return next(one for one in report.sensitivity if one.where == where)


def test_money_at_other_amounts_with_decisions_kept_is_a_straight_line(rows: Snapshot) -> None:
    report = report_of(rows, KNOWN)
    now = report.measure("money_per_1000")
    assert now is not None
    assert now.value is not None
    halved, doubled = (at(report, f"value x {factor}, decisions kept").value for factor in ("0.5", "2"))
    assert halved is not None
    assert doubled is not None
    assert doubled - now.value == pytest.approx(2 * (now.value - halved))
    for finding in report.sensitivity:
        assert finding.n == report.test_rows
        assert finding.value is None or finding.interval is not None


def test_where_money_turns_it_is_nothing(rows: Snapshot) -> None:
    report = report_of(rows, KNOWN)
    turn = next(one for one in report.sensitivity if one.measure == "turning_point" and one.where == "action_cost")
    assert turn.value is not None
    assert turn.note.startswith("It pays as long as action_cost is below")
    dearer = Money(value=300, success_rate=0.3, action_cost=15 * turn.value)
    snapshot, trained = rows, train(rows, LINEAR, KNOWN)
    acted = trained.chosen.policy
    kept = replace(
        trained,
        candidates=tuple(replace(one, policy=acted) if one is trained.chosen else one for one in trained.candidates),
        yardstick=replace(trained.yardstick, money=dearer),
    )
    money = evaluate(snapshot, kept, dearer, LIMITS).measure("money_per_1000")
    assert money is not None
    assert money.value == pytest.approx(0.0, abs=1e-6)


def test_a_policy_that_knows_the_new_amounts_does_at_least_about_as_well(rows: Snapshot) -> None:
    report = report_of(rows, Money(cost=Cost(fn=75, fp=15)))
    for name in ("fn", "fp"):
        for factor in ("0.5", "2"):
            kept, again = (at(report, f"{name} x {factor}, {how}") for how in ("decisions kept", "derived again"))
            assert kept.value is not None
            assert again.value is not None
            assert again.interval is not None
            assert again.value >= kept.value - (again.interval.high - again.interval.low) / 2


def test_each_unit_spent_on_actions_brings_back_what_the_returns_say(rows: Snapshot) -> None:
    report = report_of(rows, KNOWN)
    money, share, back = (report.measure(name) for name in ("money_per_1000", "share_acted_on", "return_on_actions"))
    assert money is not None
    assert share is not None
    assert back is not None
    assert money.value is not None
    assert share.value is not None
    assert back.value == pytest.approx(money.value / 1000 / (15 * share.value))
    assert back.interval is not None


@pytest.mark.parametrize("value", [300, "300 + 0.5 * tenure"])
def test_actions_keep_to_a_capacity(rows: Snapshot, value: float | str) -> None:
    money = Money(value=value, success_rate=0.3, action_cost=15, capacity=Capacity(share=0.1))
    report, free = report_of(rows, money), report_of(rows, Money(value=value, success_rate=0.3, action_cost=15))
    share = report.measure("share_acted_on")
    assert share is not None
    assert share.value is not None
    assert share.interval is not None
    assert share.interval.low <= 0.1
    assert share.value < 0.14
    limited, unlimited, without = (
        report.measure("money_per_1000"), free.measure("money_per_1000"), report.measure("money_without_capacity"),
    )  # fmt: skip
    assert limited is not None
    assert unlimited is not None
    assert without is not None
    assert limited.value is not None
    assert unlimited.value is not None
    assert without.value == pytest.approx(unlimited.value)
    assert 0 < limited.value < unlimited.value
    (point,) = [one for one in report.curve if one.share == 0.1]
    assert point.money.note == "The capacity."
    assert any("keep to the capacity of 0.1 of the records" in note for note in report.notes)
    assert "At most 0.1 of the records" in report.policy.basis


def test_a_capacity_per_week_is_a_share_where_times_say_how_many_come(weekly: Snapshot, rows: Snapshot) -> None:
    money = Money(value=300, success_rate=0.3, action_cost=15, capacity=Capacity(n=20, per="week"))
    report = report_of(weekly, money)
    assert report.records_per_day == pytest.approx(100 / 7, rel=1e-3)
    assert report.capacity_share == pytest.approx(0.2, rel=1e-3)
    assert report.policy.pace is not None
    unknown = report_of(rows, money)
    assert unknown.capacity_share is None
    assert unknown.policy.pace is None
    assert any("nothing says how many records come in" in note and "share = .." in note for note in unknown.notes)


@pytest.mark.parametrize(("at_least", "ok"), [(1.0, True), (1e6, False)])
def test_success_can_be_money_per_week(weekly: Snapshot, rows: Snapshot, at_least: float, ok: bool) -> None:
    report = report_of(weekly, KNOWN)
    verdict = judge(report, Success(measure="money_per_week", at_least=at_least))
    money = report.measure("money_per_1000")
    assert money is not None
    assert money.value is not None
    assert verdict.ok is ok
    assert verdict.value == pytest.approx(money.value * 0.1, rel=1e-3)
    assert verdict.interval is not None
    assert "records a week" in verdict.note
    unknown = judge(report_of(rows, KNOWN), Success(measure="money_per_week", at_least=1.0))
    assert unknown.ok is False
    assert "split by a column of times" in unknown.note


def judge(report: Report, success: Success) -> Finding:
    verdict = judge_report(report, Problem(success=success), LIMITS, now=NOW, by="me")
    return next(one for one in verdict.findings if one.measure == "success")


def test_success_by_a_day_is_awaited_until_that_day(rows: Snapshot) -> None:
    report = report_of(rows, KNOWN)
    later = judge(report, Success(measure="money_per_1000", at_least=1e6, by=dt.date(2027, 6, 30)))
    assert later.ok is None
    assert later.note.startswith("Not reached yet: it must be by 2027-06-30.")
    assert judge(report, Success(measure="money_per_1000", at_least=1e6, by=dt.date(2026, 11, 22))).ok is False
    assert judge(report, Success(measure="money_per_1000", at_least=1.0, by=dt.date(2027, 6, 30))).ok is True


def test_success_can_be_a_range(rows: Snapshot) -> None:
    report = report_of(rows, KNOWN)
    share = report.measure("share_acted_on")
    assert share is not None
    assert share.value is not None
    assert judge(report, Success(measure="share_acted_on", at_least=0.0, at_most=1.0)).ok is True
    tight = judge(report, Success(measure="share_acted_on", at_least=0.0, at_most=share.value / 2))
    assert tight.ok is False
    assert tight.limit is not None
    assert tight.limit.sense == "at_most"


def test_every_measure_of_a_report_can_be_the_owners_success(rows: Snapshot) -> None:
    report = report_of(rows, KNOWN)
    for finding in report.measures:
        if finding.value is not None:
            assert judge(report, Success(measure=finding.measure, at_least=finding.value - 1)).ok is True
            assert judge(report, Success(measure=finding.measure, at_most=finding.value - 1)).ok is False


def test_the_page_shows_money_over_the_share_and_what_it_depends_on(weekly: Snapshot) -> None:
    report = report_of(weekly, KNOWN)
    document = report_document("churn", 1, report, None, Problem())
    text, page = to_markdown(document), to_html(document)
    assert "Money over the share acted on" in text
    assert "What the money depends on" in text
    assert "a month" in text
    assert "as long as action" in text
    assert "<svg" in page
    assert to_terminal(document)


def test_amounts_to_plan_depend_on_both_costs(make_snapshot: Make) -> None:
    snapshot = make_snapshot("regression", rows=1500)
    report = report_of(snapshot, Money(cost=Cost(under="3 + 0.2 * tenure", over=1)))
    assert report.in_money
    assert report.policy.pricing is not None
    assert {one.where for one in report.sensitivity if one.measure == "turning_point"} == {"under", "over"}
    assert report.curve == ()
    money = report.measure("money_per_1000")
    assert money is not None
    assert money.value is not None
    # One shift for all, the best there is, earns less: each record has its own costs.
    flat = flat_shift(snapshot, report)
    assert money.value > flat


def flat_shift(snapshot: Snapshot, report: Report) -> float:
    """Give what the same forecasts earn with one shift for every record."""
    trained = train(snapshot, LINEAR, Money(cost=Cost(under="3 + 0.2 * tenure", over=1)))
    chosen = trained.chosen
    plain = Policy(task=chosen.policy.task, shift=chosen.policy.shift)
    swapped = replace(chosen, policy=plain)
    candidates = tuple(swapped if one is chosen else one for one in trained.candidates)
    again = evaluate(
        snapshot,
        replace(trained, candidates=candidates, chosen=swapped),
        Money(cost=Cost(under="3 + 0.2 * tenure", over=1)),
        LIMITS,
    )
    money = again.measure("money_per_1000")
    assert money is not None
    assert money.value is not None
    assert report.candidate == chosen.name
    return money.value


def test_a_segment_that_had_no_luck_is_not_surely_harmed(rows: Snapshot) -> None:
    trained = train(rows, LINEAR, KNOWN)
    held = answer_held_out(rows, trained, None)
    # Records that were acted on, of which by luck none was positive: all lost the same.
    places = np.flatnonzero(held.mine.acted & (held.truth < 0.5))[:60]
    here = held.take(places)
    seen = here.yardstick.advantage(here.truth, here.mine, here.answers["do-nothing"])
    assert seen.value == pytest.approx(-15_000)
    assert seen.error == pytest.approx(0.0, abs=1e-6)
    scores = here.mine.scores
    assert least_error(here) == pytest.approx(1000 * 90 * np.sqrt(np.sum(scores * (1 - scores))) / 60)


def test_doing_nothing_has_no_luck(rows: Snapshot) -> None:
    held = answer_held_out(rows, train(rows, LINEAR, KNOWN), None)
    assert least_error(replace(held, chosen="do-nothing")) == 0.0
    assert least_error(answer_held_out(rows, train(rows, LINEAR, Money()), None)) == 0.0


def test_without_money_nothing_of_it_is_said(rows: Snapshot) -> None:
    report = report_of(rows, Money())
    assert report.sensitivity == ()
    assert report.curve == ()
    assert report.measure("return_on_actions") is None
