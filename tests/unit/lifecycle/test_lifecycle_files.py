from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.errors import DataError, NotFoundError, RecordError
from mainstay.events import open_log
from mainstay.events.read import read_feedback, read_predictions
from mainstay.models.frameworks.linear import LinearModel
from mainstay.models.task import Task
from mainstay.release import Route
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

ROWS = "customer,tenure,charge,plan\na,3,29.85,basic\nb,50,10,full\nc,7,600,basic\n"


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    return project


def predict(project: Project, number: int | None = None) -> pl.DataFrame:
    folder = project.root.parent
    lifecycle.predict_file(project, folder / "rows.csv", folder / "out.parquet", number=number)
    return pl.read_parquet(folder / "out.parquet")


def told(project: Project) -> pl.DataFrame:
    return read_feedback(open_log(project), model=project.name)


def write(project: Project, text: str) -> Path:
    path = project.root.parent / "outcomes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_champion_answers_or_the_version_that_is_named(released: Project) -> None:
    other = register_model(released, LinearModel(0.0, TINY_MODEL.terms, logistic=True))
    assert set(predict(released)["version"]) == {1}
    assert set(predict(released, other)["version"]) == {other}
    logged = read_predictions(open_log(released), TINY_CONTRACT, model="churn")
    # Nobody released version 2: no window may take its answers for the champion's.
    assert set(zip(logged["version"], logged["role"], strict=True)) == {(1, "champion"), (other, "shadow")}


def test_a_canary_is_logged_as_one(released: Project) -> None:
    other = register_model(released, TINY_MODEL)
    release_now(released, 1, Route(other, "canary", 0.1))
    predict(released, other)
    logged = read_predictions(open_log(released), TINY_CONTRACT, model="churn")
    assert set(logged["role"]) == {"canary"}


def test_without_a_release_it_says_so(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    with pytest.raises(NotFoundError, match="released yet"):
        predict(project)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_outcomes_join_by_id(released: Project, suffix: str) -> None:
    ids = predict(released)["id"].to_list()
    frame = pl.DataFrame({"id": [*ids, "stranger"], "label": ["Yes", "No", "Yes", "No"], "note": ["x"] * 4})
    path = released.root.parent / f"outcomes.{suffix}"
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    taken = lifecycle.take_feedback(released, path)
    assert (taken.accepted, taken.unknown) == (4, 1)
    logged = told(released)
    assert dict(zip(logged["id"], logged["label"], strict=True)) == dict(zip(frame["id"], frame["label"], strict=True))


def test_the_file_of_answers_can_be_handed_back_with_labels(released: Project) -> None:
    answers = predict(released).with_columns(pl.Series("label", ["Yes", "No", "No"]))
    answers.write_csv(released.root.parent / "labelled.csv")
    taken = lifecycle.take_feedback(released, released.root.parent / "labelled.csv")
    assert (taken.accepted, taken.unknown) == (3, 0)


def test_one_bad_label_is_named_with_its_row_and_nothing_is_taken(released: Project) -> None:
    path = write(released, "id,label\na,Yes\nb,Perhaps\nc,No\n")
    with pytest.raises(RecordError, match=r"Record 1, field 'label': must be 'Yes' or 'No'") as refused:
        lifecycle.take_feedback(released, path)
    assert refused.value.problems[0].found == "Perhaps"
    assert told(released).height == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id,label\n,Yes\n", "'id': is missing"),
        ("id,label\na,\n", "'label': is missing"),
        ("id,label,at\na,Yes,yesterday\n", "'at': must be a time"),
        ("id,label,at\na,Yes,2026-11-22T17:03:00\n", "'at': must say its time zone"),
        ("id,label,followed\na,Yes,perhaps\n", "'followed': must be true or false"),
    ],
)
def test_each_field_that_cannot_be_used_is_named(released: Project, text: str, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        lifecycle.take_feedback(released, write(released, text))
    assert told(released).height == 0


def test_times_and_whether_it_was_followed_are_kept(released: Project) -> None:
    path = write(released, "id,label,at,followed\na,Yes,2026-01-02T03:04:05Z,True\nb,No,,false\n")
    lifecycle.take_feedback(released, path)
    logged = told(released).sort("id")
    assert logged["followed"].to_list() == [True, False]
    assert str(logged["label_at"][0]).startswith("2026-01-02 03:04:05")


def test_a_missing_column_is_named(released: Project) -> None:
    with pytest.raises(DataError, match=r"outcomes\.csv has no column 'label'"):
        lifecycle.take_feedback(released, write(released, "id,truth\na,Yes\n"))


@pytest.fixture
def amounts(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path, "sales")
    model = LinearModel(10.0, TINY_MODEL.terms, logistic=False)
    release_now(project, register_model(project, model, task=Task(kind="regression", target="sold")))
    return project


def test_amounts_are_read_as_numbers(amounts: Project) -> None:
    assert lifecycle.take_feedback(amounts, write(amounts, "id,label\na,12.5\nb,-3\nc,1e2\n")).accepted == 3
    assert [float(text) for text in told(amounts)["label"]] == [12.5, -3.0, 100.0]
    path = amounts.root.parent / "more.parquet"
    pl.DataFrame({"id": ["d", "e"], "label": [1, 2]}).write_parquet(path)
    assert lifecycle.take_feedback(amounts, path).accepted == 2


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "12 EUR", "1,5"])
def test_a_text_that_is_no_amount_is_refused_with_its_row(amounts: Project, text: str) -> None:
    with pytest.raises(RecordError, match=r"Record 1, field 'label': must be a"):
        lifecycle.take_feedback(amounts, write(amounts, f'id,label\na,1\nb,"{text}"\n'))
    assert told(amounts).height == 0
