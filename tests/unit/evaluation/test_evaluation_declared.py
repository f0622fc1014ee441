"""Own and named measures go from the project's folder through training into the report and its gates."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.errors import ProjectError
from mainstay.evaluation import EvaluationSettings, evaluate, judge_report, read_declared
from mainstay.measures.money import Money
from mainstay.models import Report
from mainstay.project import open_project
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data.snapshot import Snapshot

    Make = Callable[..., Snapshot]

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
MEASURES = '''
import numpy as np

def error_of_basic(truth, scores, rows, better="lower"):
    """Only customers with plan basic matter."""
    return np.where((rows["plan"] == "basic").to_numpy(), (truth - scores) ** 2, np.nan)

def worst_tenth(truth, scores, better="lower"):
    return float(np.quantile(np.abs(truth - scores), 0.9))
'''


def judged(folder: Path, snapshot: Snapshot, text: str) -> tuple[Report, dict[str, bool | None]]:
    (folder / "mainstay.toml").write_text(text, encoding="utf-8")
    (folder / "measures.py").write_text(MEASURES, encoding="utf-8")
    project = open_project(folder)
    settings = project.section("evaluation", EvaluationSettings)
    declared = read_declared(project, settings, snapshot)
    recipe = msgspec.structs.replace(
        project.section("training", TrainingSettings), candidates=("linear",), studies=False
    )
    training = train(snapshot, recipe, Money(), measures=declared.own)
    report = evaluate(snapshot, training, Money(), settings, own=declared.own, cases=declared.cases)
    verdict = judge_report(report, project.problem, settings, now=NOW, by="")
    return report, {one.measure: one.ok for one in verdict.findings}


def test_own_measures_are_shown_ranked_on_and_the_owners_target(make_snapshot: Make, tmp_path: Path) -> None:
    text = '[problem]\nname = "x"\nsuccess = { measure = "worst_tenth", at_most = 0.9 }\n'
    text += '[training]\nmeasure = "error_of_basic"\n'
    snapshot = make_snapshot()
    report, gates = judged(tmp_path, snapshot, text)
    assert (report.primary, report.better, report.measures[0].measure) == ("error_of_basic", "lower", "error_of_basic")
    basic = (snapshot.test.frame["plan"] == "basic").sum()
    assert report.measures[0].n == basic
    worst = report.measure("worst_tenth")
    assert worst is not None
    assert worst.interval is not None
    assert gates["success"] is True
    assert report.comparison("over do-nothing") is not None
    assert len(report.segments) == 3
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_a_number_that_knows_no_rows_can_be_ranked_on(make_snapshot: Make, tmp_path: Path) -> None:
    report, gates = judged(tmp_path, make_snapshot(), '[training]\nmeasure = "worst_tenth"\n')
    assert report.primary == "worst_tenth"
    assert gates["beats_doing_nothing"] is not None


def test_pinball_is_shown_where_it_is_named(make_snapshot: Make, tmp_path: Path) -> None:
    text = '[problem]\nname = "x"\nsuccess = { measure = "pinball(0.9)", at_most = 99 }\n'
    text += '[evaluation]\nmeasures = ["pinball(0.5)"]\n[training]\nmeasure = "pinball(0.7)"\n'
    report, gates = judged(tmp_path, make_snapshot("regression"), text)
    assert report.primary == "pinball(0.7)"
    for name in ("pinball(0.5)", "pinball(0.7)", "pinball(0.9)", "mape"):
        assert report.measure(name) is not None
    assert [one.measure for one in report.measures].count("pinball(0.7)") == 1
    assert gates["success"] is True


def test_zero_amounts_are_left_out_of_the_percentage_and_told(make_snapshot: Make, tmp_path: Path) -> None:
    snapshot = make_snapshot("regression")
    y = snapshot.test.y.copy()
    y[:7] = 0.0
    report, _ = judged(tmp_path, replace(snapshot, test=replace(snapshot.test, y=y)), "")
    mape = report.measure("mape")
    assert mape is not None
    assert mape.n == y.size - 7
    assert f"7 of {y.size} rows are left out" in mape.note


def test_a_measure_nobody_knows_is_refused_with_its_line(make_snapshot: Make, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"line 2.*'pinbal\(0.9\)'.*no measure"):
        judged(tmp_path, make_snapshot("regression"), '[evaluation]\nmeasures = ["pinbal(0.9)"]\n')
