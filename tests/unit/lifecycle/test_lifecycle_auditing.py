"""The audit of a project: kept, compared, on a schedule, and told when it fails."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.data.auditing.keeping import kept
from mainstay.errors import InputError, ProjectError
from mainstay.lifecycle.auditing import is_due, operate_audit
from mainstay.lifecycle.controller import run
from mainstay.project import open_project
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)


def _spoil(project: Project, tmp_path: Path) -> Project:
    """Give the project other rows: a quarter of the prices is gone, and every plan is the same."""
    file = project.root / "mainstay.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("source = "))
    frame = pl.read_csv(lines[place].split('"')[1], infer_schema=False)
    name = next(each for each in frame.columns if frame[each].cast(pl.Float64, strict=False).null_count() == 0)
    worse = frame.with_columns(pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("?!")).otherwise(name).alias(name))
    worse.write_csv(tmp_path / "worse.csv")
    lines[place] = f'source = "{tmp_path / "worse.csv"}"'
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_project(project.root)


def test_an_audit_is_kept_and_the_next_one_compares(untrained: Project, tmp_path: Path) -> None:
    first = lifecycle.audit(untrained, now=NOW)
    assert first.before is None
    assert first.audit.failed == ()
    assert {step.step for step in first.audit.ledger} >= {"read", "target", "contract"}
    second = lifecycle.audit(untrained, now=NOW + WEEK)
    assert second.before == first.audit
    assert second.audit.score == second.audit.before
    assert all(column.shift is None or not column.shift.moved for column in second.audit.columns)
    assert [path.name[-21:-5] for path in kept(untrained.books)] == [first.audit.fingerprint[:16]] * 2
    page = lifecycle.write_audit(second, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") > 5
    with pytest.raises(InputError, match=r"\.html"):
        lifecycle.write_audit(second, tmp_path / "page.pdf")


def test_other_rows_are_audited_and_not_kept(untrained: Project, simulated_csv: Path) -> None:
    found = lifecycle.audit(untrained, now=NOW, source=simulated_csv)
    assert found.audit.rows == 2000
    assert kept(untrained.books) == []


def test_the_schedule(untrained: Project) -> None:
    assert not is_due(untrained, NOW)  # nobody asked for one
    file = untrained.root / "mainstay.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[data]", '[data]\naudit_every = "7d"'), encoding="utf-8")
    project = open_project(untrained.root)
    assert is_due(project, NOW)
    lifecycle.audit(project, now=NOW)
    assert not is_due(project, NOW + WEEK - dt.timedelta(seconds=1))
    assert is_due(project, NOW + WEEK)
    file.write_text(file.read_text(encoding="utf-8").replace('"7d"', '"weekly"'), encoding="utf-8")
    with pytest.raises(ProjectError, match=r"audit_every"):
        is_due(open_project(untrained.root), NOW)


def test_what_fails_is_told_once_and_resolved_when_it_passes_twice(untrained: Project, tmp_path: Path) -> None:
    good = (untrained.root / "mainstay.toml").read_text(encoding="utf-8")
    assert operate_audit(untrained, now=NOW) == ()
    spoiled = _spoil(untrained, tmp_path)
    told = operate_audit(spoiled, now=NOW + WEEK)
    assert {action.kind for action in told} == {"alert"}
    assert "data/row_loss/all" in {action.subject for action in told}
    assert not [action for action in operate_audit(spoiled, now=NOW + 2 * WEEK) if action.kind == "alert"
                and action.subject == "data/row_loss/all"]  # fmt: skip
    (untrained.root / "mainstay.toml").write_text(good, encoding="utf-8")
    mended = open_project(untrained.root)
    operate_audit(mended, now=NOW + 3 * WEEK)
    over = operate_audit(mended, now=NOW + 4 * WEEK)
    assert "data/row_loss/all" in {action.subject for action in over if action.kind == "resolve"}


def test_an_audit_that_cannot_be_made_alerts_about_itself(untrained: Project, tmp_path: Path) -> None:
    spoiled = _spoil(untrained, tmp_path)
    (tmp_path / "worse.csv").unlink()
    told = operate_audit(spoiled, now=NOW)
    assert [(action.kind, action.subject) for action in told] == [("alert", "data/audit/all")]
    assert "could not be audited" in told[0].message
    assert operate_audit(spoiled, now=NOW + WEEK) == ()


def test_the_controller_audits_when_it_is_time(trained: Project) -> None:
    file = trained.root / "mainstay.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[data]", '[data]\naudit_every = "1d"'), encoding="utf-8")
    project = open_project(trained.root)
    lifecycle.release(project, 1, reason="a test", by="anna", trial=True)
    run(project, every=60, once=True, tell=lambda _: None)
    assert len(kept(project.books)) == 1
    run(project, every=60, once=True, tell=lambda _: None)
    assert len(kept(project.books)) == 1  # not due yet


def _rename(project: Project, tmp_path: Path) -> Project:
    """Give the project rows in which one label is written in another way."""
    file = project.root / "mainstay.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("source = "))
    frame = pl.read_csv(lines[place].split('"')[1], infer_schema=False)
    frame.with_columns(pl.col("plan").replace("basic", "base")).write_csv(tmp_path / "renamed.csv")
    lines[place] = f'source = "{tmp_path / "renamed.csv"}"'
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_project(project.root)


def _failed(found: lifecycle.Audited) -> set[tuple[str, str]]:
    return {(finding.measure, finding.where) for finding in found.audit.failed}


def test_drift_is_measured_from_the_last_audit_that_passed(untrained: Project, tmp_path: Path) -> None:
    lifecycle.audit(untrained, now=NOW)
    moved = _rename(untrained, tmp_path)
    for week in (1, 2, 3):  # an audit that failed is no yardstick for the next
        found = lifecycle.audit(moved, now=NOW + week * WEEK)
        assert {("moved", "plan"), ("policies", "plan")} <= _failed(found)
        assert found.audit.measured_from == NOW
        assert found.audit.before_at == NOW + (week - 1) * WEEK  # the score is still compared with the last
    page = to_markdown(found.document()).replace("\\", "")
    assert "Drift is measured from the audit of" in page
    assert "the last that passed" in page
    accepted = lifecycle.audit(moved, now=NOW + 4 * WEEK, against="last")
    assert ("moved", "plan") not in _failed(accepted)


def test_where_no_audit_has_passed_drift_is_measured_from_the_first(untrained: Project, tmp_path: Path) -> None:
    moved = _rename(untrained, tmp_path)
    first = lifecycle.audit(moved, now=NOW)
    assert ("policies", "plan") in _failed(first)
    lifecycle.audit(moved, now=NOW + WEEK)
    third = lifecycle.audit(moved, now=NOW + 2 * WEEK)
    assert (third.audit.measured_from, third.audit.measured_why) == (NOW, "the first: none has passed yet")


def test_a_column_that_is_back_resolves_its_alert(untrained: Project, tmp_path: Path) -> None:
    good = (untrained.root / "mainstay.toml").read_text(encoding="utf-8")
    operate_audit(untrained, now=NOW)
    moved = _rename(untrained, tmp_path)
    told = {action.subject for action in operate_audit(moved, now=NOW + WEEK)}
    assert {"data/moved/plan", "data/policies/plan"} <= told
    assert operate_audit(moved, now=NOW + 2 * WEEK) == ()  # nothing has healed, and nobody is told twice
    (untrained.root / "mainstay.toml").write_text(good, encoding="utf-8")
    mended = open_project(untrained.root)
    assert operate_audit(mended, now=NOW + 3 * WEEK) == ()
    over = operate_audit(mended, now=NOW + 4 * WEEK)
    assert {"data/moved/plan", "data/policies/plan"} <= {each.subject for each in over if each.kind == "resolve"}


def test_rows_left_to_the_fallback_are_counted_as_training_does(untrained: Project, tmp_path: Path) -> None:
    moved = _rename(untrained, tmp_path)
    file = moved.root / "contract.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[plan]", '[plan]\nunknown = "fallback"'), encoding="utf-8")
    found = lifecycle.audit(moved, now=NOW).audit
    assert [line.step for line in found.ledger][-1] == "fallback"
    lost = next(finding for finding in found.findings if finding.measure == "row_loss")
    checked = next(finding for finding in lifecycle.check(moved).findings if finding.measure == "row_loss")
    assert lost.value == checked.value
    assert lost.failed
    assert "0 of 2 000 rows are refused" in lost.note
    assert "left to the fallback" in lost.note
