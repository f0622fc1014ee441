"""What a foreign model says is held to what a model says, each fault a sentence with its cure."""

from __future__ import annotations

import numpy as np
import pytest

from mainstay.errors import InputError
from mainstay.models import Task
from mainstay.models.adopting import adopt
from mainstay.models.answers import amounts, label_order, probabilities
from mainstay.models.columns import Columns
from mainstay.models.frameworks.constant import ConstantModel

CHURN = Task(kind="binary", target="churn", positive="Yes", negative="No")


@pytest.mark.parametrize(
    ("classes", "order"),
    [(["No", "Yes"], (0, 1)), (np.array(["Yes", "No"]), (1, 0)), (np.array([" No", "Yes "], dtype=object), (0, 1))],
)
def test_labels_are_found_in_whatever_order(classes: list[str], order: tuple[int, ...]) -> None:
    assert label_order(classes, CHURN) == order


@pytest.mark.parametrize("classes", [[0, 1], [0.0, 1.0], [False, True], ["0", "1"]])
def test_numbers_and_truths_are_labels(classes: list[object]) -> None:
    spelled = ("true", "false") if classes[0] is False else ("1", "0")
    task = Task(kind="binary", target="churn", positive=spelled[0], negative=spelled[1])
    assert label_order(classes, task) == (0, 1)


@pytest.mark.parametrize("classes", [["No"], ["No", "Maybe"], ["No", "Yes", "Maybe"], [0, 1]])
def test_other_labels_are_refused(classes: list[object]) -> None:
    with pytest.raises(InputError, match=r"knows the labels .*; the target 'churn' says 'No', 'Yes'.*Fit it on"):
        label_order(classes, CHURN)


def test_probabilities_come_in_every_usual_shape() -> None:
    yes = np.array([0.1, 0.7, 1.0])
    both = np.column_stack([yes, 1 - yes])
    assert probabilities(yes, 3, (0, 1)).tolist() == yes.tolist()
    assert probabilities(yes[:, None].tolist(), 3, (0, 1)).tolist() == yes.tolist()
    assert probabilities(both, 3, (1, 0)).tolist() == yes.tolist()
    three = np.array([[0.2, 0.3, 0.5]])
    assert probabilities(three.astype(np.float32), 1, (2, 0, 1)).round(6).tolist() == [[0.5, 0.2, 0.3]]
    assert probabilities(np.empty((0, 2)), 0, (0, 1)).shape == (0,)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (np.zeros((2, 3)), r"answers 3 rows with an array of shape \(2, 3\), not \(3, 2\) or \(3,\)"),
        (np.zeros(2), r"array of shape \(2,\)"),
        (np.zeros((3, 2, 2)), r"array of shape \(3, 2, 2\)"),
        (0.5, r"array of shape \(\)"),
        ([np.zeros((3, 2)), np.zeros((3, 2))], "answers with 2 arrays: it predicts several targets"),
        (np.array([0.1, np.nan, np.inf]), "in 2 of 3 rows, first in row 1.*SimpleImputer"),
        (np.array([[0.5, 0.5], [0.2, 0.2], [0.5, 0.5]]), r"don't sum to one in 1 of 3 rows \(row 1: 0\.4\)"),
        (np.array([-3.0, 0.2, 4.0]), r"reach beyond 0 and 1 \(-3\).*logistic"),
        (np.array([0.3, 1.2, 0.4]), r"reach beyond 0 and 1 \(1\.2\)"),
        (np.array(["No", "Yes", "No"]), "answers with 'No', which is no number"),
        (None, r"answers nothing \(None\)"),
    ],
)
def test_what_is_no_probability_is_a_sentence(said: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        probabilities(said, 3, (0, 1))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (np.zeros((3, 2)), r"shape \(3, 2\), not \(3,\)"),
        (np.array([1.0, np.nan, 2.0]), "no numbers .* in 1 of 3 rows"),
        (np.array([1.0, np.inf, 2.0]), "no numbers .* in 1 of 3 rows"),
        (np.zeros(4), r"shape \(4,\)"),
    ],
)
def test_what_is_no_amount_is_a_sentence(said: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        amounts(said, 3)


def test_amounts_come_in_one_column_or_none() -> None:
    assert amounts([[1], [2]], 2).tolist() == amounts([1.0, 2.0], 2).tolist() == [1.0, 2.0]


def test_whoever_nobody_knows_is_told_what_to_write() -> None:
    with pytest.raises(InputError, match=r"A builtins\.dict can't be taken as a model") as told:
        adopt({}, Columns(()), CHURN)
    assert "def predict(columns):" in told.value.cure


def test_a_model_is_taken_as_it_is() -> None:
    model = ConstantModel(0.3)
    assert adopt(model, Columns(()), CHURN) is model
