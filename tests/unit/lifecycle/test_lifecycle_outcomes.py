from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.errors import DataError, RecordError
from mainstay.events import IdMaker, Prediction, open_log, open_pseudonyms
from mainstay.events.read import read_feedback
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
Say = "Callable[..., Prediction]"


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    return project


@pytest.fixture
def answered(released: Project) -> Callable[..., Prediction]:
    """Log an answer about a customer, so many days ago."""
    hide, make, log = open_pseudonyms(released.books), IdMaker(), open_log(released)

    def answer(customer: str, days: float, **changes: Any) -> Prediction:
        plain: dict[str, Any] = {
            "id": make(), "at": NOW - days * DAY, "model": "churn", "version": 1, "role": "champion", "score": 0.5,
            "prediction": "No", "decision": "none", "features": {}, "entity": hide(customer),
        }  # fmt: skip
        prediction = Prediction(**(plain | changes))
        log.append("predictions", [prediction])
        return prediction

    return answer


def told(project: Project) -> pl.DataFrame:
    return read_feedback(open_log(project), model=project.name)


def write(project: Project, frame: pl.DataFrame, name: str = "outcomes.csv") -> Path:
    path = project.root.parent / name
    frame.write_csv(path) if name.endswith("csv") else frame.write_parquet(path)
    return path


def ago(days: float) -> str:
    return (NOW - days * DAY).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("name", ["outcomes.csv", "outcomes.parquet"])
@pytest.mark.parametrize(("whom", "when"), [("customer", "at"), ("entity", "time")])
def test_whom_and_when_find_the_latest_answer_before(
    released: Project, answered: Callable[..., Prediction], name: str, whom: str, when: str
) -> None:
    first, second = answered("a", 30), answered("a", 10)
    answered("a", 1)
    answered("a", 9, role="shadow", answer=second.id)
    frame = pl.DataFrame({whom: ["a", "a"], when: [ago(20), ago(5)], "label": ["No", "Yes"]})
    taken = lifecycle.take_feedback(released, write(released, frame, name))
    assert (taken.accepted, taken.matched, taken.unmatched, taken.unknown) == (2, 2, 0, 0)
    assert dict(told(released).select("id", "label").iter_rows()) == {first.id: "No", second.id: "Yes"}
    assert set(told(released)["label_at"]) == {NOW - 20 * DAY, NOW - 5 * DAY}


def test_rows_that_fit_no_answer_are_kept_with_the_reason(
    released: Project, answered: Callable[..., Prediction]
) -> None:
    answered("late", 5)
    answered("old", 50)
    kept = answered("fits", 50)
    twins = [answered("twin", 20) for _ in range(2)]
    frame = pl.DataFrame(
        {
            "customer": ["nobody", "late", "old", "twin", "fits"],
            "at": [ago(1), ago(9), ago(1), ago(1), ago(45)],
            "label": ["Yes"] * 5,
            "note": ["n"] * 5,
        }
    )
    taken = lifecycle.take_feedback(released, write(released, frame), within=10 * DAY)
    assert (taken.rows, taken.accepted, taken.matched, taken.unmatched, taken.ambiguous) == (5, 1, 1, 4, 0)
    left = pl.read_csv(taken.unmatched_to)
    assert left["row"].to_list() == [0, 1, 2, 3]
    assert left["customer"].to_list() == ["nobody", "late", "old", "twin"]
    assert left["why"].to_list() == [
        "nobody asked about it",
        "it was asked about later only",
        "the last answer before is too old",
        "the last answer before is too old",
    ]
    assert told(released)["id"].to_list() == [kept.id]
    assert taken.ignored == ("note",)
    again = lifecycle.take_feedback(released, write(released, frame.tail(2)))
    assert (again.repeated, again.ambiguous, len(twins)) == (1, 1, 2)
    assert pl.read_csv(again.unmatched_to)["why"].to_list() == ["several answers about it at the same moment"]


def test_whom_rows_kept_aside_are_about_is_called_as_in_the_contract(
    released: Project, answered: Callable[..., Prediction]
) -> None:
    answered("a", 9)
    path = write(released, pl.DataFrame({"entity": ["nobody"], "at": [ago(1)], "label": ["Yes"]}))
    assert pl.read_csv(lifecycle.take_feedback(released, path).unmatched_to).columns == [
        "row",
        "why",
        "customer",
        "at",
        "label",
    ]


def test_the_same_file_again_is_no_news(released: Project, answered: Callable[..., Prediction]) -> None:
    ids = [answered(str(place), 9).id for place in range(4)]
    frame = pl.DataFrame(
        {
            "id": [*ids, "stranger"],
            "label": ["Yes", "No", None, "Yes", "No"],
            "kpi.revenue": [59.0, None, 3.5, None, None],
            "followed": [True, None, False, None, None],
        }
    )
    path = write(released, frame, "outcomes.parquet")
    first, again = (lifecycle.take_feedback(released, path) for _ in range(2))
    assert (first.accepted, first.unknown, first.repeated, first.corrected) == (5, 1, 0, 0)
    assert (again.accepted, again.unknown, again.repeated, again.corrected) == (0, 0, 5, 0)
    assert told(released).height == 5
    doubled = write(released, pl.concat([frame, frame]).with_columns(pl.lit(ago(3)).alias("at")))
    third = lifecycle.take_feedback(released, doubled)
    assert (third.accepted, third.repeated, third.corrected) == (5, 5, 0)


def test_what_is_told_otherwise_is_counted_as_corrected(released: Project, answered: Callable[..., Prediction]) -> None:
    one, other = answered("a", 9).id, answered("b", 9).id
    lifecycle.take_feedback(released, write(released, pl.DataFrame({"id": [one], "label": ["No"], "at": [ago(5)]})))
    frame = pl.DataFrame({"id": [one, other, other], "label": ["Yes", "No", "Yes"], "at": [ago(3)] * 3})
    taken = lifecycle.take_feedback(released, write(released, frame))
    assert (taken.accepted, taken.corrected, taken.conflicting) == (3, 2, 1)
    said = " ".join(lifecycle.describe_taken(taken))
    assert "3 outcomes taken" in said
    assert "1 of them told two labels for the same moment" in said


def test_kpis_and_the_target_column_are_read(released: Project, answered: Callable[..., Prediction]) -> None:
    name = answered("a", 9).id
    frame = pl.DataFrame({"id": [name], "Churn": ["Yes"], "kpi.revenue": ["59.5"], "kpi.satisfaction": [4]})
    lifecycle.take_feedback(released, write(released, frame))
    line = told(released).row(0, named=True)
    assert line["label"] == "Yes"
    assert line["kpis"] == [{"name": "revenue", "value": 59.5}, {"name": "satisfaction", "value": 4.0}]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"label": ["Yes"], "note": ["x"]}, "no column 'id' or 'customer'"),
        ({"customer": ["a"], "label": ["Yes"]}, "not when"),
        ({"id": ["a"], "note": ["x"]}, "no column 'label'"),
        ({"id": ["a"], "kpi.": ["1"]}, "a name that can't be used"),
        ({"id": ["a"], **{f"kpi.{place}": ["1"] for place in range(33)}}, "33 columns of KPIs"),
    ],
)
def test_columns_that_do_not_say_enough_are_told(released: Project, columns: dict[str, list[str]], why: str) -> None:
    with pytest.raises(DataError, match=why):
        lifecycle.take_feedback(released, write(released, pl.DataFrame(columns)))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (["", ago(1), "Yes", "1"], "customer"),
        (["a", "", "Yes", "1"], "at"),
        (["a", "2026-11-22", "Yes", "1"], "at"),
        (["a", ago(1), "perhaps", "1"], "label"),
        (["a", ago(1), "Yes", "much"], "kpi.revenue"),
        (["a", ago(1), "", ""], "label"),
    ],
)
def test_one_row_that_cannot_be_used_refuses_all(
    released: Project, answered: Callable[..., Prediction], row: list[str], field: str
) -> None:
    answered("a", 9)
    names = ("customer", "at", "label", "kpi.revenue")
    good = ["a", ago(2), "Yes", "1"]
    frame = pl.DataFrame([good, good, row], schema=names, orient="row")
    with pytest.raises(RecordError) as caught:
        lifecycle.take_feedback(released, write(released, frame))
    (problem,) = caught.value.problems
    assert (problem.record, problem.field) == (2, field)
    assert told(released).height == 0


def test_an_empty_file_is_told_and_one_row_would_do(released: Project, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("id,label\n")
    with pytest.raises(DataError, match=r"not one row\. Give a source with rows; to learn from, at least 50"):
        lifecycle.take_feedback(released, path)
