"""Behaviour: declared tests on the whole way of a record, scenarios, mishaps; and what is refused before training."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contract import Category, Contract
from mainstay.errors import ProjectError
from mainstay.evaluation import EvaluationSettings, Evidence, evaluate, judge_report, read_cases, report_document
from mainstay.evaluation.behaviour.bench import Bench
from mainstay.evaluation.behaviour.changes import misspell
from mainstay.evaluation.behaviour.expectations import measure_direction, measure_invariance
from mainstay.evaluation.behaviour.measure import answer_cases
from mainstay.evaluation.behaviour.robustness import measure_robustness
from mainstay.evaluation.behaviour.settings import Change, Directional, Invariance
from mainstay.evaluation.held_out import answer_held_out
from mainstay.measures.money import Money
from mainstay.models import Report, Training
from mainstay.project import Problem, Project, open_project
from mainstay.render import to_markdown
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.finding import Finding

    Make = Callable[..., Snapshot]

MONEY = Money(value=300, success_rate=0.3, action_cost=15)
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
LINEAR = TrainingSettings(candidates=("linear",))


@dataclass(frozen=True)
class World:
    """A snapshot and a linear model of it."""

    snapshot: Snapshot
    training: Training

    def bench(self, snapshot: Snapshot | None = None) -> Bench:
        taken = snapshot or self.snapshot
        return Bench.of(taken, self.training, answer_held_out(taken, self.training, None), 300)


@pytest.fixture(scope="module")
def world(make_snapshot: Make) -> World:
    snapshot = make_snapshot(rows=1600)
    return World(snapshot, train(snapshot, LINEAR, MONEY))


@pytest.fixture(scope="module")
def bench(world: World) -> Bench:
    return world.bench()


def project_of(folder: Path, text: str, **scenarios: str) -> Project:
    folder.mkdir(exist_ok=True)
    (folder / "mainstay.toml").write_text(text, encoding="utf-8")
    (folder / "scenarios").mkdir(exist_ok=True)
    for name, scenario in scenarios.items():
        (folder / "scenarios" / f"{name}.toml").write_text(scenario, encoding="utf-8")
    return open_project(folder)


def test_what_the_model_hardly_looks_at_may_change_and_what_it_needs_may_not(bench: Bench) -> None:
    noise = measure_invariance(bench, Invariance(change=Change(column="noise", noise=1.0), tolerance=0.05))
    assert noise.ok
    assert noise.n == 300
    plan = measure_invariance(bench, Invariance(change=Change(column="plan", to=("full", "gone")), tolerance=0.05))
    assert plan.ok is False
    assert plan.interval is not None
    assert plan.value is not None
    assert plan.interval.low <= plan.value <= plan.interval.high
    assert 300 <= plan.n < 600  # two changes of each record, but where it was so already


def test_examples_show_what_was_changed_and_nothing_else(bench: Bench) -> None:
    found = measure_invariance(bench, Invariance(change=Change(column="plan", swap=True)))
    assert "For example plan " in found.note
    assert " instead of " in found.note
    assert "tenure" not in found.note
    assert "price" not in found.note


def test_a_decision_may_stay_where_a_score_moves(bench: Bench) -> None:
    change = Change(column="tenure", noise=0.05)
    score = measure_invariance(bench, Invariance(change=change, tolerance=0.0))
    decision = measure_invariance(bench, Invariance(change=change, keep="decision"))
    assert score.ok is False
    assert decision.ok


def test_a_direction_is_seen_and_the_wrong_one_too(bench: Bench) -> None:
    down = measure_direction(bench, Directional(column="tenure", by=12, expect="down"))
    assert (down.ok, down.value) == (True, 1.0)
    up = measure_direction(bench, Directional(column="tenure", by=12, expect="up"))
    assert (up.ok, up.value) == (False, 0.0)
    to = measure_direction(bench, Directional(column="plan", to="full", expect="down"))
    assert to.ok


def test_a_record_that_is_refused_after_the_change_does_not_pass(world: World, bench: Bench) -> None:
    columns = [
        msgspec.structs.replace(one, unknown="reject") if isinstance(one, Category) else one
        for one in world.snapshot.contract.columns
    ]
    strict = world.bench(replace(world.snapshot, contract=Contract(tuple(columns))))
    typo = measure_invariance(strict, Invariance(change=Change(column="plan", typo=True), tolerance=1.0))
    assert (typo.value, typo.ok) == (0.0, False)
    assert "300 are refused after the change." in typo.note
    gone = measure_invariance(bench, Invariance(change=Change(column="price", missing=True), tolerance=1.0))
    assert gone.ok  # the contract allows it


def test_changes_that_change_nothing_are_no_evidence(world: World) -> None:
    only = world.snapshot.test.take(np.flatnonzero(world.snapshot.test.segments["plan"] == "basic"))
    bench = world.bench(replace(world.snapshot, test=only))
    found = measure_invariance(bench, Invariance(change=Change(column="plan", to="basic")))
    assert (found.value, found.ok) == (None, None)
    assert "No held-out record" in found.note


def test_a_slip_of_the_finger_is_never_the_same_nor_blank() -> None:
    rng = np.random.default_rng(1)
    for text in ("Two year", "a", "aa", "é", "  x ", "11"):
        for _ in range(50):
            wrong = misspell(text, rng)
            assert wrong.strip()
            assert wrong.strip() != text.strip()


def test_mishaps_cost_what_they_cost_and_refusals_are_told(bench: Bench) -> None:
    found = {one.where: one for one in measure_robustness(bench)}
    assert found["tenure missing"].value is None
    assert "refused" in found["tenure missing"].note
    strong = found["noise of 0.5 spreads on every number"]
    assert strong.unit == "EUR"
    assert strong.interval is not None
    assert "% of the decisions change" in strong.note
    assert {"plan misspelled", "price missing", "noise missing"} <= set(found)


def test_noise_costs_log_loss_where_there_is_no_money(make_snapshot: Make) -> None:
    snapshot = make_snapshot(rows=3000)
    training = train(snapshot, LINEAR, Money())
    bench = Bench.of(snapshot, training, answer_held_out(snapshot, training, None), 400)
    found = {one.where: one for one in measure_robustness(bench)}
    little, much = (found[f"noise of {size} spreads on every number"].value for size in (0.1, 0.5))
    assert little is not None
    assert much is not None
    assert abs(little) < 0.02
    assert much > little


ROW = "record = { tenure = 1, price = 60, plan = 'full', noise = 0 }\n"
PLAIN = """
[[evaluation.minimum]]
file = "plain.csv"
[[evaluation.minimum]]
name = "the very young leave"
records = [{ tenure = 0.5, price = 95, plan = "basic", noise = 0 }]
expect = "Yes"
[[evaluation.minimum]]
records = [{ tenure = 90, price = 20, plan = "full", noise = 0 }, { tenure = 90, plan = "unheard of" }]
decision = "none"
"""
LOYAL = """
[scenario]
name = "Nobody is bothered after seven years"
why = "Incident 12."
link = "https://example.com/12"

[[case]]
decision = "none"
prediction = "No"
score = { at_most = 0.2 }
[case.record]
tenure = 90
price = 20
plan = "full"
noise = 0.1
[[case]]
refused = true
record = { tenure = 90, plan = "full" }
"""


def played(world: World, folder: Path, text: str, **scenarios: str) -> dict[str, Finding]:
    project = project_of(folder, text, **scenarios)
    settings = project.section("evaluation", EvaluationSettings)
    cases = read_cases(project, settings, world.snapshot.contract, world.snapshot.task)
    return {one.where: one for one in answer_cases(world.bench().way, cases)}


def test_plain_records_must_be_right(world: World, tmp_path: Path) -> None:
    rows = "tenure,price,plan,noise,churned\n0.5,95,basic,0,Yes\n90,20,full,0,No\n90,20,full,0,Yes\n"
    (tmp_path / "plain.csv").write_text(rows, encoding="utf-8")
    found = played(world, tmp_path, PLAIN)
    table, young, loyal = found["plain.csv"], found["the very young leave"], found["2 plain records"]
    assert table.value == pytest.approx(2 / 3)
    assert (table.ok, table.n) == (False, 3)
    assert "record 3 must be 'Yes', is 'No'" in table.note
    assert young.ok
    assert loyal.value == 0.5
    assert "refused" in loyal.note
    assert "noise: missing" in loyal.note


def test_an_incident_that_comes_back_is_named(world: World, tmp_path: Path) -> None:
    fine = played(world, tmp_path, "", loyal=LOYAL)["Nobody is bothered after seven years"]
    assert (fine.ok, fine.value, fine.n) == (True, 1.0, 2)
    assert fine.note == "Incident 12. https://example.com/12"
    wrong = LOYAL.replace("tenure = 90\n", "tenure = 1\n").replace("price = 20", "price = 99").replace("full", "basic")
    back = played(world, tmp_path, "", loyal=wrong)["Nobody is bothered after seven years"]
    assert (back.ok, back.value) == (False, 0.5)
    assert "Case 1 must be predicted 'No', is 'Yes' (score 0." in back.note
    assert "must be decided 'none', is 'act'" in back.note
    assert "must score at most 0.2, scores 0." in back.note


def test_the_gates_fail_where_one_test_fails(world: World, tmp_path: Path) -> None:
    text = '[[evaluation.directional]]\ncolumn = "tenure"\nby = 12\nexpect = "up"\n'
    text += '[[evaluation.directional]]\ncolumn = "tenure"\nby = 12\nexpect = "down"\n'
    project = project_of(tmp_path, text, loyal=LOYAL)
    settings = project.section("evaluation", EvaluationSettings)
    cases = read_cases(project, settings, world.snapshot.contract, world.snapshot.task)
    report = evaluate(world.snapshot, world.training, MONEY, settings, cases=cases)
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    verdict = judge_report(report, Problem(), settings, now=NOW, by="me")
    gates = {one.measure: one for one in verdict.findings}
    assert gates["behaves"].ok is False
    assert gates["behaves"].note.startswith("1 of 2 fail. directional: ")
    assert gates["scenarios"].ok
    today = Evidence(cases=(msgspec.structs.replace(report.behaviour[-1], value=0.0, ok=False),))
    again = judge_report(report, Problem(), settings, now=NOW, by="me", evidence=today)
    assert [one.ok for one in again.findings if one.measure in {"behaves", "scenarios"}] == [False, False]
    page = to_markdown(report_document("churn", 1, report, verdict, Problem()))
    assert "How it behaves" in page
    assert "What a mishap costs" in page
    assert "Nobody is bothered after seven years" in page


def test_without_tests_the_gates_do_not_judge(world: World) -> None:
    report = evaluate(world.snapshot, world.training, MONEY, EvaluationSettings(robustness=False))
    gates = {one.measure: one for one in judge_report(report, Problem(), EvaluationSettings(), now=NOW, by="").findings}
    assert (gates["behaves"].ok, gates["scenarios"].ok, report.robustness) == (None, None, ())


CHANGE = "[evaluation]\nmin_segment_rows = 20\n\n[[evaluation.invariance]]\nchange = {{ {} }}\n"
REFUSED = {
    CHANGE.format('column = "plan", typ = true'): ["line 5", "[[evaluation.invariance]] change", "'typ'", "'typo'"],
    CHANGE.format('column = "plan"'): ["line 5", "says none of to, swap, noise, typo and missing"],
    CHANGE.format('column = "plan", swap = true, typo = true'): ["line 5", "says several of"],
    CHANGE.format('column = "pln", swap = true'): ["line 5", "names 'pln'", "Did you mean 'plan'?"],
    CHANGE.format('column = "plan", to = ["ful"]'): ["line 5", "sets 'plan' to 'ful'", "Did you mean 'full'?"],
    CHANGE.format('column = "plan", noise = 1.0'): ["line 5", "which is no number"],
    CHANGE.format('column = "tenure", typo = true'): ["line 5", "which is no text"],
    CHANGE.format('column = "tenure", noise = -1.0'): ["line 5", "noise is -1.0"],
    '[[evaluation.directional]]\ncolumn = "tenure"\nby = 1\nexpect = "upp"\n': ["line 4", "Did you mean 'up'?"],
    '[[evaluation.directional]]\ncolumn = "tenure"\nexpect = "up"\n': ["line 1", "neither of by and to"],
    '[[evaluation.directional]]\ncolumn = "plan"\nby = 1\nexpect = "up"\n': ["line 2", "no number"],
    '[[evaluation.minimum]]\nfile = "nothing.csv"\n': ["line 2", "[[evaluation.minimum]]", "nothing.csv"],
    "[[evaluation.minimum]]\nrecords = [{ tenure = 1 }]\n": ["line 2", "no column 'churned'"],
    '[[evaluation.minimum]]\nrecords = [{ tenure = 1 }]\nexpect = "yes"\n': ["line 2", "Did you mean 'Yes'?"],
    '[[evaluation.minimum]]\nrecords = [{ churned = "Yse" }]\n': ["line 2", "'Yse'", "record 1"],
    '[[evaluation.minimu]]\nfile = "a.csv"\n': ["line 1", "Did you mean 'minimum'?"],
}  # fmt: skip


@pytest.mark.parametrize("text", list(REFUSED), ids=range(len(REFUSED)))
def test_a_test_that_cannot_be_meant_is_refused_with_its_line(world: World, tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError) as caught:
        played(world, tmp_path, text)
    for words in ("mainstay.toml", *REFUSED[text]):
        assert words in str(caught.value)


BAD_SCENARIOS = {
    "[scenari]\nname = 'x'\n": ["line 1", "Did you mean scenario?"],
    "[scenario]\nname = 'x'\n": ["needs a record"],
    "[[case]]\nrecord = { tenure = 1 }\n": ["line 1", "expects nothing"],
    "[[case]]\nrefused = true\ndecision = 'act'\nrecord = { tenure = 1 }\n": ["expects an answer of a refused record"],
    "[[case]]\ndecison = 'act'\nrecord = { tenure = 1 }\n": ["line 2", "Did you mean 'decision'?"],
    "[[case]]\ndecision = 'act'\nrecord = { tenur = 1 }\n": ["'tenur'", "Did you mean 'tenure'?"],
    "[[case]]\nprediction = 'no'\nrecord = { tenure = 1 }\n": ["line 2", "Labels: No, Yes."],
    "[[case]]\nscore = { at_least = 0.9, at_most = 0.1 }\nrecord = { tenure = 1 }\n": ["above at_most"],
    "[[case]\n": ["isn't valid TOML"],
}


@pytest.mark.parametrize("text", list(BAD_SCENARIOS), ids=range(len(BAD_SCENARIOS)))
def test_a_scenario_that_cannot_be_meant_is_refused_with_its_line(world: World, tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError) as caught:
        played(world, tmp_path, "", broken=text)
    for words in ("broken.toml", *BAD_SCENARIOS[text]):
        assert words in str(caught.value)


def test_amounts_behave_too(make_snapshot: Make, tmp_path: Path) -> None:
    snapshot = make_snapshot("regression")
    training = train(snapshot, LINEAR, Money())
    text = '[[evaluation.minimum]]\nrecords = [{ tenure = 20, price = 60, plan = "gone", noise = 0 }]\n'
    project = project_of(tmp_path, f"{text}expect = 90\ntolerance = 25\n")
    settings = project.section("evaluation", EvaluationSettings)
    cases = read_cases(project, settings, snapshot.contract, snapshot.task)
    report = evaluate(snapshot, training, Money(), settings, cases=cases)
    assert [one.ok for one in report.behaviour] == [True]
    assert report.robustness[0].measure == "rmse"
    project = project_of(tmp_path, f'{text}expect = "much"\n')
    settings = project.section("evaluation", EvaluationSettings)
    with pytest.raises(ProjectError, match="is an amount"):
        read_cases(project, settings, snapshot.contract, snapshot.task)


def test_records_of_several_kinds_of_value_are_read_as_texts(world: World, tmp_path: Path) -> None:
    text = '[[evaluation.minimum]]\nexpect = "No"\nrecords = [{ tenure = "90", price = 20, plan = "full", noise = 0 }, '
    found = played(world, tmp_path, text + '{ tenure = 90, price = 20.5, plan = "full", noise = 0 }]\n')
    assert [one.ok for one in found.values()] == [True]
    assert pl.DataFrame({"a": ["90", "90"]})["a"].dtype == pl.String


def test_several_classes_behave_are_searched_and_compared(make_snapshot: Make, tmp_path: Path) -> None:
    snapshot = make_snapshot("multiclass")
    training = train(snapshot, TrainingSettings(candidates=("linear",), studies=False), Money())
    label = snapshot.task.labels[0]
    text = '[evaluation]\ninclusion = ["plan"]\n[[evaluation.invariance]]\nchange = { column = "noise", noise = 1.0 }\n'
    text += (
        'tolerance = 0.2\n[[evaluation.minimum]]\nrecords = [{ tenure = 1, price = 60, plan = "full", noise = 0 }]\n'
    )
    project = project_of(tmp_path, f'{text}expect = "{label}"\n', seen=f"[[case]]\nprediction = '{label}'\n{ROW}")
    settings = project.section("evaluation", EvaluationSettings)
    cases = read_cases(project, settings, snapshot.contract, snapshot.task)
    report = evaluate(snapshot, training, Money(), settings, cases=cases)
    assert [one.measure for one in report.behaviour] == ["invariance", "minimum", "scenario"]
    assert report.behaviour[0].ok
    assert report.robustness[0].value is not None
    assert {one.measure for one in report.inclusion if one.group == "inclusion_gap"} == {"accuracy"}
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    page = to_markdown(report_document("grade", 1, report, None, Problem()))
    assert "How groups are served" in page


@pytest.mark.parametrize(
    ("text", "scenario", "words"),
    [
        ('[[evaluation.directional]]\ncolumn = "tenure"\nby = 1\nexpect = "up"\n', "", "several classes have none"),
        ("", "[[case]]\nscore = { at_least = 0.5 }\nrecord = { tenure = 1 }\n", "several classes have one each"),
        ("", "[[case]]\nprediction = 'nobody'\nrecord = { tenure = 1 }\n", "no label of"),
    ],
)
def test_what_several_classes_have_not_is_refused(
    make_snapshot: Make, tmp_path: Path, text: str, scenario: str, words: str
) -> None:
    snapshot = make_snapshot("multiclass")
    project = project_of(tmp_path, text, **({"seen": scenario} if scenario else {}))
    settings = project.section("evaluation", EvaluationSettings)
    with pytest.raises(ProjectError, match=words):
        read_cases(project, settings, snapshot.contract, snapshot.task)
