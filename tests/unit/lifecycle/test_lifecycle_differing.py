"""A second version beside the first: its report says what changes, the comment tells it, `version diff` shows it."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from mainstay import lifecycle
from mainstay.data.simulator import write_sample
from mainstay.errors import InputError
from mainstay.project import open_project
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.lifecycle import Trained
    from mainstay.project import Project

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def second(
    first_training: tuple[Project, Trained], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, Trained]:
    """Copy the project, release its version 1 and train a second one on other rows."""
    folder = tmp_path_factory.mktemp("second") / "churn"
    shutil.copytree(first_training[0].root, folder)
    project = open_project(folder)
    lifecycle.release(project, 1, reason="first", by="anna")
    table = folder / "later.csv"
    write_sample(table, rows=1500, seed=12)
    return project, lifecycle.train(project, now=NOW, by="anna", source=table)


def test_the_report_holds_what_changes_against_the_champion(second: tuple[Project, Trained]) -> None:
    _, trained = second
    difference = trained.report.difference
    assert difference is not None
    assert difference.changed.value is not None
    assert 0 <= difference.changed.value < 0.5
    assert difference.changed.n == trained.report.test_rows
    assert {one.measure for one in difference.tests} == {"right_decisions", "roc_auc", "money_per_1000"}
    words = str(difference.movers)
    assert "customer" not in words


def test_the_first_version_has_nothing_to_differ_from(first_training: tuple[Project, Trained]) -> None:
    assert first_training[1].report.difference is None


def test_two_versions_answer_the_same_rows(second: tuple[Project, Trained]) -> None:
    project, _ = second
    apart = lifecycle.diff(project, 2, 1)
    assert (apart.version, apart.other, apart.seen) == (2, 1, True)
    assert apart.difference is not None
    assert apart.difference.changed.n == apart.rows
    assert all(one.where == "over version 1" for one in apart.difference.tests)
    text = to_markdown(lifecycle.diff_document(apart))
    assert text.startswith("# churn: version 2 against version 1: same code; the data")
    assert "It decides " in text
    assert "may have learned from some of these rows" in text
    back = lifecycle.diff(project, 1, 2)
    assert back.difference is not None
    assert back.difference.changed.value == apart.difference.changed.value
    with pytest.raises(InputError, match="doesn't differ from itself"):
        lifecycle.diff(project, 1, 1)


def test_a_verdict_is_written_for_a_pipeline_and_for_a_pull_request(
    second: tuple[Project, Trained], tmp_path: Path
) -> None:
    project, trained = second
    junit, markdown = tmp_path / "out" / "gates.xml", tmp_path / "comment.md"
    lifecycle.write_verdict(project, 2, trained.verdict, junit=junit, markdown=markdown)
    root = ET.parse(junit).getroot()  # noqa: S314 - our own text
    assert root.get("tests") == str(len(trained.verdict.findings))
    assert root.get("failures") == str(len(trained.verdict.failed))
    text = markdown.read_text(encoding="utf-8")
    said = "passes its gates" if trained.verdict.ok else "fails"
    assert said in text.splitlines()[0]
    assert "Against version 1, which answers now" in text
    assert "Decisions that change" in text
    assert "mainstay version diff 2 1" in text
    assert len(text.splitlines()) < 70
