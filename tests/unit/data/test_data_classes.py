"""A target with several classes on its way from a file to a draft and a snapshot."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn import datasets

from mainstay.contract import load_contract
from mainstay.data import Answers, data_findings, draft_project, take_snapshot, write_project
from mainstay.data.classes import natural_order
from mainstay.data.leaks import find_leaks
from mainstay.errors import DataError, InputError
from mainstay.measures.matrix import read_choices
from mainstay.measures.money import Money
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

GRADES = ("low", "medium", "very high")


def table(folder: Path, rows: int = 300, labels: tuple[str, ...] = GRADES) -> Path:
    dice = np.random.default_rng(3)
    path = folder / "grades.csv"
    lines = ["size,plan,grade"]
    for k in range(rows):
        code = int(dice.integers(0, len(labels)))
        lines.append(f"{dice.normal(code, 1):.3f},{'ab'[k % 2]},{labels[code]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_labels_are_ordered_as_a_person_would() -> None:
    assert natural_order(["b10", "B2", "a"]) == ("a", "B2", "b10")
    assert natural_order(["1e1", "9", "-3"]) == ("-3", "9", "1e1")


def test_a_draft_shows_the_labels_and_a_matrix_to_fill_in(tmp_path: Path) -> None:
    draft = draft_project(table(tmp_path), "grade", tmp_path / "p")
    assert draft.kind == "multiclass"
    assert '# "very high" = { low = 1, medium = 1, "very high" = 0 }' in draft.project_toml
    assert "positive =" not in draft.project_toml
    assert any(note.startswith("target: 3 labels: ") for note in draft.notes)
    write_project(draft, tmp_path / "p")
    text = draft.project_toml
    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(('# "very', "# low", "# medium"))]
    matrix = tomllib.loads("\n".join(["[matrix]", *lines]))["matrix"]
    assert read_choices(GRADES, Money(matrix=matrix), np.full(3, 1 / 3)).actions == GRADES


def test_numbers_that_may_be_classes_are_told_and_taken_as_such_when_asked(tmp_path: Path) -> None:
    path = table(tmp_path, labels=("1", "2", "3"))
    draft = draft_project(path, "grade", tmp_path / "p")
    assert draft.kind == "regression"
    assert any("if they are classes, start again with --classes" in note for note in draft.notes)
    asked = draft_project(path, "grade", tmp_path / "p", Answers(classes=True))
    assert asked.kind == "multiclass"
    assert "classes = true" in asked.project_toml


@pytest.mark.parametrize("answers", [Answers(value=300.0), Answers(under=1.0, over=2.0), Answers(fp=1.0, fn=2.0)])
def test_money_of_another_kind_of_target_is_refused(answers: Answers, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'grade' is one of several labels") as raised:
        draft_project(table(tmp_path), "grade", tmp_path / "p", answers)
    assert "[money] matrix" in raised.value.cure


def test_a_snapshot_holds_out_the_same_share_of_each_label(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    write_project(draft_project(table(tmp_path), "grade", folder), folder)
    snapshot = take_snapshot(open_project(folder), load_contract(folder / "contract.toml"))
    assert snapshot.task.labels == GRADES
    train, test = (np.bincount(side.y.astype(int), minlength=3) for side in (snapshot.train, snapshot.test))
    assert np.abs(test / (train + test) - 0.25).max() < 0.02
    share = next(finding for finding in data_findings(snapshot) if finding.measure == "commonest_share")
    assert share.value == pytest.approx(float(np.max(train + test)) / 300)


def test_a_label_that_only_the_held_out_rows_have_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    kinds = [("a", "b")[k % 2] for k in range(90)] + ["c", "a"] * 15
    path.write_text("day,x,kind\n" + "\n".join(f"{k},{k % 7},{kind}" for k, kind in enumerate(kinds)) + "\n")
    folder = tmp_path / "p"
    write_project(draft_project(path, "kind", folder), folder)
    file = folder / "mainstay.toml"
    file.write_text(file.read_text() + 'split_by = { time = "day" }\n')
    with pytest.raises(DataError, match="no row with the kind 'c' is left to learn from"):
        take_snapshot(open_project(folder), load_contract(folder / "contract.toml"))


@pytest.mark.parametrize("load", [datasets.load_iris, datasets.load_wine])
def test_strong_honest_columns_are_no_leaks_and_a_recoded_target_is(load: object) -> None:
    found = load()  # type: ignore[operator]
    X, y = found.data, found.target.astype(np.float64)
    names = [f"x{j}" for j in range(X.shape[1])]
    assert find_leaks(X, names, [False] * len(names), y, "multiclass") == ()
    recoded = np.column_stack([X, np.array([2.0, 0.0, 1.0])[found.target]])
    (leak,) = find_leaks(recoded, [*names, "twin"], [False] * len(names) + [True], y, "multiclass")
    assert leak.label == "twin"
    assert "tells each of 3 labels from the others" in leak.words
