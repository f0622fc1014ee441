"""The law of explanations: base, parts and rest add up to the score, for models, contracts and records nobody chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract import Category, Contract, Number, profile_rows
from mainstay.models import Task
from mainstay.models.explain import TOLERANCE, Explainer, Subject, logistic
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.frameworks.linear import Term
    from mainstay.models.model import Model

NUMBERS = st.floats(-5, 5, allow_nan=False)
ROUNDED = 1e-6
"""A curve is put on a probability, which near 1 has few digits left: the log odds of 0.9999999997 are known to 1e-6."""
LABELS = ("red", "green", "blue")


@st.composite
def cases(draw: st.DrawFn) -> tuple[Contract, LinearModel, np.ndarray[Any, np.dtype[np.float64]]]:
    """Draw a contract of numbers and labels, a linear model of it, and rows with gaps and labels nobody knows."""
    kinds = draw(st.lists(st.sampled_from(("number", "label")), min_size=1, max_size=6))
    columns: list[Number | Category] = []
    terms: list[Term] = []
    cells: list[st.SearchStrategy[float]] = []
    for place, kind in enumerate(kinds):
        name = f"{kind}{place}"
        if kind == "number":
            columns.append(Number(name=name, missing="allow"))
            terms.append(Slope(draw(NUMBERS), draw(NUMBERS), draw(NUMBERS)))
            cells.append(NUMBERS | st.just(np.nan))
        else:
            columns.append(Category(name=name, values=LABELS, missing="allow"))
            terms.append(Labels(tuple(draw(NUMBERS) for _ in range(4)), draw(NUMBERS)))
            cells.append(st.sampled_from((0.0, 1.0, 2.0, 3.0, np.nan)))
    rows = draw(st.lists(st.tuples(*cells), min_size=2, max_size=8))
    model = LinearModel(draw(NUMBERS), tuple(terms), draw(st.booleans()))
    return Contract(tuple(columns)), model, np.array(rows, dtype=np.float64)


class Asked:
    """The same model, of which nobody knows that it is a sum."""

    framework = "asked"

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.scores, self.score_one = inner.scores, inner.score_one

    def save(self, folder: Path) -> None:
        self.inner.save(folder)


def task_of(model: LinearModel) -> Task:
    if model.logistic:
        return Task(kind="binary", target="t", positive="yes", negative="no")
    return Task(kind="regression", target="t")


def hold(
    model: Model, task: Task, contract: Contract, rows: np.ndarray[Any, np.dtype[np.float64]], near: float = 1e-9
) -> None:
    """Hold a model to the law; `near` is how far its own rounding on the way from sum to score may lead it."""
    one = Explainer(model, contract, contract, profile_rows(contract, rows), task)
    everything = one.explain([Subject(row, {}) for row in rows])
    for row, found, score in zip(rows, everything, model.scores(rows).tolist(), strict=True):
        assert found.gap < TOLERANCE
        assert abs(found.answer - score) < 1e-9 * max(1.0, abs(score))
        effects = sum(part.effect for part in found.parts)
        assert abs(found.typical + effects - score) < 10 * near * max(1.0, abs(score), abs(found.typical))
        if found.scale == "log-odds":
            assert abs(float(logistic(np.array(found.score))) - score) < near
        (alone,) = one.explain([Subject(row, {})])
        assert np.allclose([p.part for p in alone.parts], [p.part for p in found.parts], atol=1e-9)


@given(cases())
def test_what_is_known_to_be_a_sum_adds_up(case: tuple[Contract, LinearModel, Any]) -> None:
    contract, model, rows = case
    hold(model, task_of(model), contract, rows)


@given(cases(), st.floats(0.1, 3), NUMBERS, st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_what_is_calibrated_adds_up(
    case: tuple[Contract, LinearModel, Any], slope: float, shift: float, values: list[float]
) -> None:
    contract, found, rows = case
    inner = LinearModel(found.intercept, found.terms, logistic=True)
    hold(CalibratedModel(inner, (Line(slope, (shift,)),)), task_of(inner), contract, rows, ROUNDED)
    steps = Steps(tuple(np.linspace(0, 1, len(values)).tolist()), tuple(sorted(values)))
    hold(CalibratedModel(inner, (steps,)), task_of(inner), contract, rows, ROUNDED)
    hold(CalibratedModel(inner, (steps, Line(slope, (shift,)))), task_of(inner), contract, rows, ROUNDED)


@given(cases())
def test_what_is_only_asked_adds_up(case: tuple[Contract, LinearModel, Any]) -> None:
    contract, model, rows = case
    hold(Asked(model), task_of(model), contract, rows[:3])


@given(cases())
def test_sampling_finds_the_exact_parts_of_a_sum_that_starts_from_the_same_rows(
    case: tuple[Contract, LinearModel, Any],
) -> None:
    """Of a sum every order says the same, so nothing is left to chance."""
    contract, found, rows = case
    model = LinearModel(found.intercept, found.terms, logistic=False)
    one = Explainer(Asked(model), contract, contract, profile_rows(contract, rows), task_of(model))
    terms = model.contributions(rows) - model.contributions(one.background).mean(axis=0)
    for row, truth in zip(rows[:3], terms, strict=False):
        (said,) = one.explain([Subject(row, {})])
        assert np.allclose([part.part for part in said.parts], truth, atol=1e-9)
