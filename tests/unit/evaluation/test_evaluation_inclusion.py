"""Groups of people: how they are served, how far apart they are, and when a gate says so."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contract import Contract
from mainstay.errors import ProjectError
from mainstay.evaluation import (
    EvaluationSettings,
    evaluate,
    judge_report,
    refuse_unknown_groups,
    report_document,
)
from mainstay.evaluation.held_out import HeldOut, answer_held_out
from mainstay.evaluation.inclusion.groups import group_rows
from mainstay.evaluation.inclusion.measure import measure_inclusion
from mainstay.evaluation.inclusion.settings import MaxGap
from mainstay.measures.money import Money
from mainstay.models import Report
from mainstay.models.yardstick import Answers
from mainstay.project import Problem, open_project
from mainstay.render import to_markdown
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.finding import Finding
    from mainstay.models import Training

    Make = Callable[..., Snapshot]

MONEY = Money(value=300, success_rate=0.3, action_cost=15)
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
LINEAR = TrainingSettings(candidates=("linear",))
BY_GENDER = EvaluationSettings(inclusion=("gender",))


def with_people(snapshot: Snapshot, seed: int = 0) -> Snapshot:
    """Add a gender, an age as a csv holds it, and nothing that the model sees."""
    rng = np.random.default_rng(seed)

    def side(rows: object) -> object:
        n = len(rows)  # type: ignore[arg-type]
        people = [
            pl.Series("gender", np.where(rng.random(n) < 0.45, "F", "M")),
            pl.Series("age", [str(k) for k in rng.integers(18, 90, n)]),
        ]
        return replace(rows, frame=rows.frame.with_columns(people))  # type: ignore[type-var, attr-defined]

    return replace(snapshot, train=side(snapshot.train), test=side(snapshot.test))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def taken(make_snapshot: Make) -> tuple[Snapshot, Training]:
    snapshot = with_people(make_snapshot(rows=4000))
    return snapshot, train(snapshot, LINEAR, MONEY)


@pytest.fixture(scope="module")
def held(taken: tuple[Snapshot, Training]) -> HeldOut:
    return answer_held_out(*taken, None)


def gaps_of(findings: tuple[Finding, ...], where: str = "gender") -> dict[str, Finding]:
    return {one.measure: one for one in findings if one.group == "inclusion_gap" and one.where == where}


def test_each_group_has_its_rates_and_they_are_right(taken: tuple[Snapshot, Training], held: HeldOut) -> None:
    snapshot, _ = taken
    found = measure_inclusion(snapshot, held, BY_GENDER)
    by_place = {(one.where, one.measure): one for one in found}
    women = (snapshot.test.frame["gender"] == "F").to_numpy()
    acted = held.mine.acted
    assert by_place["gender=F", "selection_rate"].value == pytest.approx(acted[women].mean())
    positive = women & (held.truth > 0.5)
    assert by_place["gender=F", "true_positive_rate"].value == pytest.approx(acted[positive].mean())
    assert by_place["gender=F", "true_positive_rate"].n == positive.sum()
    assert by_place["gender=F", "money_per_1000"].unit == "EUR"
    for one in found:
        assert one.value is not None
        assert one.interval is not None
        assert one.interval.low <= one.value <= one.interval.high
    gaps = gaps_of(found)
    assert set(gaps) == {
        "selection_rate",
        "equal_opportunity",
        "equalised_odds",
        "calibration",
        "accuracy",
        "four_fifths",
    }
    rates = [acted[women].mean(), acted[~women].mean()]
    assert gaps["selection_rate"].value == pytest.approx(max(rates) - min(rates))
    assert gaps["four_fifths"].value == pytest.approx(min(rates) / max(rates))


def favouring(held: HeldOut, women: np.ndarray, by: float) -> HeldOut:
    """Move the scores of women up, so that they are acted on more often."""
    mine = held.mine
    scores = np.clip(mine.scores + by * women, 0, 1)
    return replace(held, answers={**held.answers, held.chosen: Answers(scores, mine.policy)})


def test_a_gate_fails_only_where_declared_and_sure(taken: tuple[Snapshot, Training], held: HeldOut) -> None:
    snapshot, training = taken
    women = (snapshot.test.frame["gender"] == "F").to_numpy()
    report = evaluate(snapshot, training, MONEY, BY_GENDER)
    unequal = msgspec.structs.replace(
        report, inclusion=measure_inclusion(snapshot, favouring(held, women, 0.3), BY_GENDER)
    )

    def gate(judged: Report, limits: MaxGap | None) -> Finding:
        settings = EvaluationSettings(inclusion=("gender",), max_gap=limits)
        verdict = judge_report(judged, Problem(), settings, now=NOW, by="")
        return next(one for one in verdict.findings if one.measure == "inclusive")

    assert gate(unequal, None).ok is None
    failed = gate(unequal, MaxGap(selection_rate=0.1, four_fifths=0.8))
    assert failed.ok is False
    assert failed.where.startswith("gender: ")
    assert gate(unequal, MaxGap(selection_rate=0.95)).ok is True
    assert gate(unequal, MaxGap(mae=1.0)).ok is None
    small = gaps_of(report.inclusion)["selection_rate"]
    assert small.value is not None
    maybe = gate(report, MaxGap(selection_rate=small.value * 0.9))
    assert maybe.ok is None
    assert "may be luck" in maybe.note
    page = to_markdown(report_document("churn", 1, report, None, Problem()))
    assert "How groups are served" in page
    assert "gender=F" in page
    assert "four fifths" in page


def test_what_is_sensitive_in_the_contract_is_compared_without_being_declared(
    taken: tuple[Snapshot, Training], held: HeldOut
) -> None:
    snapshot, _ = taken
    columns = [
        msgspec.structs.replace(one, sensitive=one.name == "plan") if one.name == "plan" else one
        for one in snapshot.contract.columns
    ]
    marked = replace(snapshot, contract=Contract(tuple(columns)))
    found = measure_inclusion(marked, held, EvaluationSettings())
    assert {one.where for one in found} == {"plan", "plan=basic", "plan=full", "plan=gone"}


def test_numbers_are_cut_and_rare_labels_lumped(taken: tuple[Snapshot, Training]) -> None:
    snapshot, _ = taken
    ages = group_rows(snapshot, "age")
    assert len(set(ages.tolist())) == 4
    assert all(" to " in one for one in ages)
    many = pl.Series("city", [f"c{k % 40}" for k in range(len(snapshot.test))])
    most = pl.Series("city", [f"c{min(k % 60, 20)}" for k in range(len(snapshot.train))])
    cities = replace(
        snapshot,
        train=replace(snapshot.train, frame=snapshot.train.frame.with_columns(most)),
        test=replace(snapshot.test, frame=snapshot.test.frame.with_columns(many)),
    )
    groups = set(group_rows(cities, "city").tolist())
    assert len(groups) == 13
    assert "any other" in groups


def test_small_groups_are_shown_and_not_compared(taken: tuple[Snapshot, Training], held: HeldOut) -> None:
    snapshot, _ = taken
    few = np.where(np.arange(len(snapshot.test)) < 30, "X", snapshot.test.frame["gender"].to_numpy())
    frame = snapshot.test.frame.with_columns(pl.Series("gender", few))
    odd = replace(snapshot, test=replace(snapshot.test, frame=frame))
    before, after = (measure_inclusion(one, held, BY_GENDER) for one in (snapshot, odd))
    shown = [one for one in after if one.where == "gender=X"]
    assert shown
    assert all("too few to compare" in one.note for one in shown)
    assert gaps_of(after)["selection_rate"].note == gaps_of(before)["selection_rate"].note
    alone = measure_inclusion(odd, held, EvaluationSettings(inclusion=("gender",), min_segment_rows=700))
    assert gaps_of(alone)["selection_rate"].value is None
    assert "Fewer than two groups" in gaps_of(alone)["selection_rate"].note


def test_amounts_have_errors_by_group(make_snapshot: Make) -> None:
    snapshot = with_people(make_snapshot("regression"))
    report = evaluate(snapshot, train(snapshot, LINEAR, Money()), Money(), BY_GENDER)
    assert set(gaps_of(report.inclusion)) == {"mean_error", "mae"}
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_groups_that_differ_by_nothing_are_rarely_called_unequal(
    taken: tuple[Snapshot, Training], held: HeldOut
) -> None:
    snapshot, _ = taken
    alarms, runs = 0, 60
    for seed in range(runs):
        again = with_people(snapshot, seed + 1)
        gap = gaps_of(measure_inclusion(again, held, BY_GENDER))["selection_rate"].interval
        assert gap is not None
        alarms += gap.low > 0
    assert alarms / runs <= 0.05 + 3.3 * (0.05 * 0.95 / runs) ** 0.5


def test_rows_that_stand_for_several_records_count_so(taken: tuple[Snapshot, Training], held: HeldOut) -> None:
    snapshot, _ = taken
    weights = np.where(held.truth > 0.5, 1.0, 9.0)
    weighed = replace(held, yardstick=replace(held.yardstick, weights=weights))
    found = {(one.where, one.measure): one for one in measure_inclusion(snapshot, weighed, BY_GENDER)}
    women = (snapshot.test.frame["gender"] == "F").to_numpy()
    rate = found["gender=F", "selection_rate"]
    acted = held.mine.acted
    assert rate.value == pytest.approx((weights * acted)[women].sum() / weights[women].sum())
    assert rate.n == women.sum()
    same = found["gender=F", "true_positive_rate"]  # all positives weigh the same
    plain = {(one.where, one.measure): one for one in measure_inclusion(snapshot, held, BY_GENDER)}
    assert same.value == pytest.approx(plain["gender=F", "true_positive_rate"].value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('inclusion = ["gendr"]', ["line 2", "'gendr'", "Did you mean 'gender'?"]),
        ("max_gap = { selection_rat = 0.1 }", ["line 2", "Did you mean 'selection_rate'?"]),
        ("max_gap = { selection_rate = 7 }", ["line 2", "7"]),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "mainstay.toml").write_text(f"[evaluation]\n{text}\n", encoding="utf-8")
    project = open_project(tmp_path)

    def read() -> None:
        refuse_unknown_groups(project, project.section("evaluation", EvaluationSettings), ["gender", "plan"])

    with pytest.raises(ProjectError) as caught:
        read()
    for word in words:
        assert word in str(caught.value)
