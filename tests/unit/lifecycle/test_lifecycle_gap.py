"""The four-way gap of a version."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.data.simulator import write_sample
from mainstay.errors import DataError, NotFoundError
from mainstay.evaluation.gaps import Seen, measure_gaps
from mainstay.lifecycle.gap import _told
from mainstay.measures.money import Money
from mainstay.models import Policy
from mainstay.models.yardstick import Answers, choose_yardstick
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC)


def test_training_and_held_out_rows_give_the_version_its_own_numbers_again(trained: Project) -> None:
    found = lifecycle.gap(trained, now=NOW)
    with open_books(trained) as books:
        report = books.registry.load_bundle(trained.name, 1).report
    stages = {stage.where: stage for stage in found.measures[0].stages}
    promised = next(each for each in report.measures if each.measure == report.primary)
    assert stages["held out"].value == pytest.approx(promised.value)
    assert (stages["training"].n, stages["held out"].n) == (report.train_rows, report.test_rows)
    assert len(found.measures) == 2  # money, and log loss
    assert len(found.notes) == 2  # no later rows, nothing live
    page = to_markdown(lifecycle.gap_document(found)).replace("\\", "")
    assert "training -> held out" in page
    assert "mainstay feedback FILE" in page


def test_later_rows_are_held_against_the_contract_and_scored(trained: Project, tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    write_sample(later, rows=800, seed=99)
    found = lifecycle.gap(trained, now=NOW, later=later)
    after = found.measures[0].stages[-1]
    assert (after.where, after.n) == ("next", 800)
    assert "0 of 800 rows refused" in after.note.replace("\u202f", " ")
    turned = pl.read_csv(later)
    target = "churned"
    labels = turned[target].unique().sort().to_list()
    turned = turned.with_columns(pl.col(target).replace_strict(dict(zip(labels, reversed(labels), strict=True))))
    turned.write_csv(later)
    worse = lifecycle.gap(trained, now=NOW, later=later)
    assert "the world moves" in worse.measures[1].gaps[-1].meaning  # more churn: money rises, the answers are worse
    title = lifecycle.gap_document(worse).title
    assert "log loss worse from held out to next" in title  # and not plainly "worse": money is better
    assert title.endswith("better")


def test_too_few_later_rows_are_refused(trained: Project, tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    write_sample(later, rows=800, seed=99)
    pl.read_csv(later, infer_schema=False)[:10].write_csv(later)
    with pytest.raises(DataError, match="at least 30 are needed"):
        lifecycle.gap(trained, now=NOW, later=later)


def test_other_rows_and_another_split_are_refused(trained: Project, tmp_path: Path) -> None:
    file = trained.root / "mainstay.toml"
    said = file.read_text(encoding="utf-8")
    file.write_text(said.replace("[data]", "[data]\ntest_share = 0.4"), encoding="utf-8")
    with pytest.raises(DataError, match="split in another way"):
        lifecycle.gap(open_project(trained.root), now=NOW)
    other = tmp_path / "other.csv"
    write_sample(other, rows=2000, seed=12)
    lines = [f'source = "{other}"' if line.startswith("source = ") else line for line in said.splitlines()]
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="isn't what version 1 was trained on"):
        lifecycle.gap(open_project(trained.root), now=NOW)


def test_a_project_without_versions_is_told_so(untrained: Project) -> None:
    with pytest.raises(NotFoundError, match="no version yet"):
        lifecycle.gap(untrained, now=NOW)


def _with_gap(found: lifecycle.FourWay) -> lifecycle.FourWay:
    """Make the first gap of every measure one that chance doesn't explain."""
    worse = tuple(
        msgspec.structs.replace(gaps, gaps=(msgspec.structs.replace(gaps.gaps[0], meaning="overfitting"),))
        for gaps in found.measures
    )
    return msgspec.structs.replace(found, measures=worse)


def test_a_gap_is_reported_and_nothing_of_it_fails(trained: Project) -> None:
    found = lifecycle.gap(trained, now=NOW)
    assert {each.worse.ok for gaps in found.measures for each in gaps.gaps} == {None}  # as its exit code, 0
    assert lifecycle.gap_document(_with_gap(found)).title.endswith(": worse from training to held out")


def test_on_a_split_by_time_a_gap_may_be_the_world_moving(make_snapshot: Callable[..., Snapshot]) -> None:
    snapshot = make_snapshot(rows=400, split="time")
    task, y = snapshot.task, snapshot.train.y
    sure = Seen("training", y, Answers(np.where(y > 0, 0.95, 0.05), Policy(task=task)), None, "")
    unsure = Seen("held out", y, Answers(np.where(y > 0, 0.3, 0.4), Policy(task=task)), None, "")
    gaps = measure_gaps([sure, unsure], choose_yardstick(task, Money(), 0.3, "log_loss"))
    told = {by_time: _told(gaps, by_time=by_time).gaps[0].meaning for by_time in (False, True)}
    assert told[False].startswith("overfitting: ")
    assert "or the world moving" in told[True]
