"""The target: yes or no, one of several classes, or an amount; all else is refused with the way out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mainstay.data.target import as_labels, choose_goal, encode_target, find_target
from mainstay.errors import DataError


def test_yes_is_recognised_else_the_rarer_label_is_taken_and_both_are_said() -> None:
    said = choose_goal(pl.Series("Churn", ["Yes"] * 40 + ["No"] * 60))
    assert (said.task.positive, said.task.negative) == ("Yes", "No")
    assert "reads as yes" in said.why
    assert said.words == "Yes in 40 of 100 rows (40.0 %), No in 60"
    rare = choose_goal(pl.Series("side", ["left"] * 70 + ["right"] * 30))
    assert rare.task.positive == "right"
    assert "rarer" in rare.why
    asked = choose_goal(pl.Series("side", ["left"] * 70 + ["right"] * 30), "left")
    assert (asked.task.positive, asked.why) == ("left", "")


def test_numbers_texts_truths_and_floats_make_the_same_labels() -> None:
    for cells in (["1", "0"], ["1.0", "0"], [1, 0], [1.0, 0.0]):
        assert as_labels(pl.Series("y", cells)).to_list() == ["1", "0"]
    assert as_labels(pl.Series("y", [True, False])).to_list() == ["true", "false"]
    assert as_labels(pl.Series("y", ["0.5", "1"])).to_list() == ["0.5", "1.0"]


def test_many_numbers_are_an_amount_and_a_few_strays_are_left_to_quarantine() -> None:
    goal = choose_goal(pl.Series("cnt", [str(n) for n in range(200)] + ["n/a"]))
    assert goal.task.kind == "regression"
    y = encode_target(pl.Series("cnt", ["1.5", "n/a", None, "inf"]), goal.task)
    assert y[0] == 1.5
    assert np.isnan(y[1:]).all()


@pytest.mark.parametrize(
    ("cells", "positive", "sentence"),
    [
        (["Yes"] * 49, "", "Only 49 rows say what 'y' was; at least 50 are needed."),
        (["Yes"] * 80 + [None] * 20, "", "Every row has the same 'y': 'Yes'."),
        ([7] * 80, "", "Every row has the same 'y': '7'."),
        (["a", "b"] * 40 + ["c"] * 7 + ["d"], "", "Too few of 88 rows have the y 'c' (7 rows), 'd' (1 row)"),
        ([f"label {k}" for k in range(51)] * 8, "", "'y' has 51 different labels; at most 50 can be told apart."),
        (
            ["good", "very good", "very  good"] * 30,
            "",
            "writes one label in several ways: 'very  good' and 'very good'",
        ),
        (["a", "b"] * 40, "c", "'y' never says 'c'; it says 'a' in 40 rows, 'b' in 40 rows."),
        ([1, 2, 3] * 30, "1", "so 'positive' can't be set"),
        (["Yes"] * 3 + ["No"] * 80, "", "Only 3 of 83 rows have the y 'Yes'"),
    ],
)
def test_what_cannot_be_learned_is_refused(cells: list[object], positive: str, sentence: str) -> None:
    with pytest.raises(DataError) as raised:
        choose_goal(pl.Series("y", cells), positive)
    assert sentence in raised.value.message
    assert raised.value.cure


def test_too_few_rows_of_the_log_are_mended_by_outcomes() -> None:
    with pytest.raises(DataError, match=r"mainstay feedback OUTCOMES\.csv"):
        choose_goal(pl.Series("y", [None] * 90, dtype=pl.String))


def test_a_target_that_is_not_there_names_the_nearest_column() -> None:
    with pytest.raises(DataError, match=r"no column 'churned'\. Did you mean 'Churn'\?"):
        find_target(["customerID", "tenure", "Churn"], "churned", "telco.csv")
    with pytest.raises(DataError, match="Its columns are: age, plan"):
        find_target(["age", "plan"], "zzz", "telco.csv")
    with pytest.raises(DataError, match=r"first line looks like data.*Say --no-header"):
        find_target(["A11", "6", "A34"], "class", "german.csv")
    with pytest.raises(DataError, match="No target is named"):
        find_target(["a", "b"], "", "x.csv")


def test_a_target_called_count_is_a_name_like_any_other() -> None:
    assert choose_goal(pl.Series("count", ["a", "b"] * 40)).task.target == "count"


def test_several_texts_are_classes_in_their_natural_order() -> None:
    goal = choose_goal(pl.Series("grade", ["grade 10", "very good", "grade 9", "grade 9"] * 20))
    assert goal.task.kind == "multiclass"
    assert goal.task.labels == ("grade 9", "grade 10", "very good")
    assert goal.words == "3 labels: grade 9 in 40 rows, grade 10 in 20 rows, very good in 20 rows"
    y = encode_target(pl.Series("grade", ["very good", "grade 9", "unheard of", None]), goal.task)
    assert y[:2].tolist() == [2.0, 0.0]
    assert np.isnan(y[2:]).all()


def test_numbers_are_amounts_unless_they_are_said_to_be_labels() -> None:
    cells = pl.Series("quality", [3, 10, 4, 4] * 20)
    assert choose_goal(cells).task.kind == "regression"
    goal = choose_goal(cells, classes=True)
    assert goal.task.labels == ("3", "4", "10")
    assert encode_target(pl.Series("quality", ["4.0", "10"]), goal.task).tolist() == [1.0, 2.0]
    assert choose_goal(pl.Series("y", [0, 1] * 40), classes=True).task.kind == "binary"


def test_more_numbers_than_can_be_labels_are_refused() -> None:
    with pytest.raises(DataError, match="'y' has 90 different labels; at most 50"):
        choose_goal(pl.Series("y", list(range(90)) * 9), classes=True)
