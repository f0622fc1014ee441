"""What can be done about a record of several classes: the cheapest action, alike for one record and for a table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.errors import ProjectError
from mainstay.measures.choices import Choices, always, expected_costs, saved, spent
from mainstay.measures.matrix import read_choices
from mainstay.measures.money import Money

LABELS = ("low", "medium", "high")
MATRIX = {
    "low": {"approve": 0.0, "review": 2.0, "refuse": 10.0},
    "medium": {"approve": 5.0, "review": 1.0, "refuse": 4.0},
    "high": {"approve": 50.0, "review": 5.0, "refuse": 0.0},
}
ACTIONS = {"low": "approve", "medium": "review", "high": "refuse"}
SHARES = np.array([0.7, 0.2, 0.1])


def read(**money: object) -> Choices:
    return read_choices(LABELS, Money(**money), SHARES)  # type: ignore[arg-type]


def test_the_action_is_the_one_with_the_least_expected_cost() -> None:
    choices = read(matrix=MATRIX, actions=ACTIONS)
    assert choices.decide(np.array([0.98, 0.01, 0.01])) == "approve"  # 0.55 against 2.02 and 9.84
    assert choices.decide(np.array([0.90, 0.05, 0.05])) == "review"  # the likeliest label is low, but high is dear
    assert choices.decide(np.array([0.0, 0.1, 0.9])) == "refuse"
    assert expected_costs(np.array([[0.9, 0.05, 0.05]]), choices.costs)[0] == pytest.approx([2.75, 2.1, 9.2])


@given(st.integers(0, 10_000))
def test_one_record_and_a_table_decide_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(3), 20)
    ties = np.repeat([[1 / 3, 1 / 3, 1 / 3]], 2, axis=0)
    scores = np.vstack([scores, ties])
    for choices in (read(matrix=MATRIX), read(actions=ACTIONS), read()):
        assert choices.decide_all(scores) == [choices.decide(row) for row in scores]


def test_columns_named_by_label_stand_for_the_actions_that_go_with_them() -> None:
    by_label = {
        "low": {"low": 0.0, "medium": 2.0, "high": 10.0},
        "medium": {"low": 5.0, "medium": 1.0, "high": 4.0},
        "high": {"low": 50.0, "medium": 5.0, "high": 0.0},
    }
    assert read(matrix=by_label, actions=ACTIONS) == read(matrix=MATRIX, actions=ACTIONS)
    assert read(matrix=by_label).actions == LABELS


def test_labels_that_share_an_action_are_one_column() -> None:
    shared = {"low": "pass", "medium": "pass", "high": "stop"}
    matrix = {label: {"low": 1.0, "medium": 1.0, "high": 3.0} for label in LABELS}
    assert read(matrix=matrix, actions=shared).actions == ("pass", "stop")
    matrix["high"] = {"low": 1.0, "medium": 2.0, "high": 3.0}
    with pytest.raises(ProjectError, match="two costs of 'pass' where the truth is 'high': 1, 2"):
        read(matrix=matrix, actions=shared)


def test_without_a_model_the_cheapest_action_is_taken_or_the_declared_one() -> None:
    assert read(matrix=MATRIX).idle == "review"  # 2.1 against 6.0 and 7.8
    assert read(matrix=MATRIX, default_action="approve").idle == "approve"
    assert read().idle == ""
    with pytest.raises(ProjectError, match="default_action is 'aprove', for which matrix has no column"):
        read(matrix=MATRIX, default_action="aprove")


def test_acting_is_doing_something_else_than_without_a_model() -> None:
    choices = read(matrix=MATRIX)
    assert choices.acts(["review", "approve", "review"]).tolist() == [False, True, False]
    idle = always(choices, choices.idle)
    assert not idle.acts(idle.decide_all(np.full((3, 3), 1 / 3))).any()
    assert not read().acts(["low", "high"]).any()  # nobody said what costs what


def test_what_is_saved_is_counted_against_doing_nothing() -> None:
    choices = read(matrix=MATRIX)
    truth = np.array([0.0, 2.0, 1.0])
    assert spent(truth, ["approve", "approve", "review"], choices).tolist() == [0.0, 50.0, 1.0]
    assert saved(truth, ["approve", "approve", "review"], choices).tolist() == [2.0, -45.0, 0.0]
    assert saved(truth, [choices.idle] * 3, choices).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("money", "told"),
    [
        ({"matrix": {"low": {"a": 1.0}, "high": {"a": 2.0}}}, "matrix leaves out the label 'medium'"),
        ({"matrix": {**MATRIX, "hihg": {"a": 1.0}}}, "matrix names 'hihg', which is no label"),
        ({"matrix": {**MATRIX, "low": {"approve": 1.0}}}, "doesn't say what 'refuse' costs for every label"),
        ({"matrix": {label: {} for label in LABELS}}, "matrix names no action"),
        ({"actions": {"low": "a"}}, "actions leaves out the label 'medium'"),
    ],
)
def test_a_matrix_that_does_not_fit_the_labels_is_refused(money: dict[str, object], told: str) -> None:
    with pytest.raises(ProjectError, match=told):
        read(**money)


def test_a_cost_that_is_no_number_is_refused_where_it_is_given() -> None:
    with pytest.raises(ValueError, match="matrix says nan for low, approve"):
        Money(matrix={"low": {"approve": float("nan")}})
