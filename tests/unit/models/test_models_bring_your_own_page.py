"""The files that docs/how-to/bring-your-own.md shows do what it says of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mainstay.contract import Category, Contract, Integer
from mainstay.models import Task
from mainstay.models.adopting import adopt, demand_bearing, demand_sound
from mainstay.models.artefacts import READERS
from mainstay.models.columns import Columns
from mainstay.models.features import FeatureCode
from mainstay.models.features.compiled import compile_code
from mainstay.models.frameworks.heuristic import read_rules

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "bring-your-own.md").read_text(encoding="utf-8")
COLUMNS = Columns.of(
    Contract((Integer(name="tenure"), Category(name="Contract", values=("Month-to-month", "One year", "Two year"))))
)
CHURN = Task(kind="binary", target="Churn", positive="Yes", negative="No")
X = np.array([[3.0, 0.0], [3.0, 1.0], [40.0, 0.0]])


def shown(name: str) -> bytes:
    """Give a file as the page shows it."""
    found = re.search(rf"```\w+\n# {re.escape(name)}\n(.*?)```", PAGE, flags=re.DOTALL)
    assert found is not None
    return found[1].encode()


def test_the_function_answers() -> None:
    model = adopt(FeatureCode(shown("predict.py"), "predict.py"), COLUMNS, CHURN)
    demand_sound(model, X, CHURN)
    assert model.scores(X).tolist() == [0.4, 0.4, 0.1]


def test_the_rules_answer() -> None:
    model = read_rules(shown("heuristic.toml"), COLUMNS, CHURN)
    demand_bearing(model, X, COLUMNS)
    assert model.scores(X).tolist() == [0.6, 0.1, 0.1]


def test_the_estimator_can_be_fitted_and_bears_an_unseen_label() -> None:
    made = compile_code(FeatureCode(shown("model.py"), "model.py"), "model")()
    made.fit(COLUMNS.frame(X), ["Yes", "No", "No"])
    model = adopt(made, COLUMNS, CHURN)
    demand_sound(model, X, CHURN)
    demand_bearing(model, X, COLUMNS)


@pytest.mark.parametrize("suffix", [suffix for suffix in READERS if suffix != ".pickle"])
def test_every_kind_of_file_is_named(suffix: str) -> None:
    assert f"`{suffix}`" in PAGE
