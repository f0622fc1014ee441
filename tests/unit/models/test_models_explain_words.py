"""Reasons in words: names, values, units, both directions, several shapes of data."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Tensor, profile_rows
from mainstay.models import Task
from mainstay.models.explain import Explainer, Subject, explanation_document
from mainstay.models.explain.naming import called, valued, words_of
from mainstay.models.explain.players import players_of
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.render import to_html, to_markdown

THIN = "\u202f"
CONTRACT = Contract(
    (
        Integer(name="tenure", unit="months"),
        Number(name="MonthlyCharges", unit="EUR", missing="allow"),
        Category(name="Contract", values=("Month-to-month", "One year")),
        Category(name="OnlineSecurity", values=("No", "Yes", "No internet service")),
        Category(name="season", values=("1", "2")),
        Boolean(name="Partner"),
        Datetime(name="signed_up"),
        Number(name="V14", description="Balance of the card."),
        Tensor(name="signal", shape=(2,)),
        Number(name="Contract_One year"),
    )
)
BY_NAME = {player.name: player for player in players_of(CONTRACT)}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("tenure", 3, f"tenure of 3{THIN}months"),
        ("tenure", None, "tenure isn't known, which"),
        ("MonthlyCharges", 95.25, f"monthly charges of €{THIN}95.25"),
        ("MonthlyCharges", None, "monthly charges aren't known, which"),
        ("Contract", "Month-to-month", "Month-to-month contract"),
        ("Contract", "Weekly", "contract 'Weekly' is a label the model doesn't know, which"),
        ("OnlineSecurity", "No internet service", "online security 'No internet service'"),
        ("season", "2", "season '2'"),
        ("Partner", True, "partner (yes)"),
        ("Partner", False, "partner (no)"),
        ("signed_up", dt.datetime(2026, 5, 1, tzinfo=dt.UTC), "signed up 2026-05-01"),
        ("V14", 12.0, "balance of the card of 12"),
        ("signal[1]", 0.5, "signal[1]"),
        ("Contract_One year", 1.0, "One year contract"),
        ("Contract_One year", 0.0, "contract other than 'One year'"),
    ],
)
def test_a_feature_and_its_value_are_called_as_a_person_would(name: str, value: Any, said: str) -> None:
    assert valued(BY_NAME[name], value, CONTRACT) == said


def test_names_become_words_and_codes_their_description() -> None:
    assert words_of("DaysSinceLastOrder") == "days since last order"
    assert words_of("HTTPErrors") == "HTTP errors"
    assert called(Number(name="PAY_0", description="Repayment status in September")) == "repayment status in September"
    assert called(Number(name="price", description="What it costs")) == "price"
    assert called(Number(name="V1", description="a very long description that explains everything there is")) == "V1"


def reasons(task: Task, unit: str = "", **values: Any) -> list[str]:
    target = Number(name=task.target, role="target", unit=unit)
    contract = Contract(
        (
            Integer(name="tenure", unit="months", missing="impute", fill=29),
            Category(name="plan", values=("basic", "full")),
            Boolean(name="vip"),
            target,
        )
    )
    terms = (Slope(29.0, -0.05), Labels((1.0, -1.0, 0.0)), Slope(0.5, 0.4))
    model = LinearModel(0.0, terms, logistic=task.kind == "binary")
    X = np.array([[29.0, 0.0, 0.0], [29.0, 1.0, 1.0]])
    one = Explainer(model, contract, contract, profile_rows(contract, X), task)
    given: dict[str, Any] = {"tenure": 3, "plan": "basic", "vip": False} | values
    encoded = np.array([code for column in contract.features for code in column.codes(given[column.name])])
    filled = frozenset({"tenure"} if given["tenure"] == 29 else ())
    (found,) = one.explain([Subject(encoded, given, filled)])
    return [reason.text.replace(THIN, " ") for reason in found.reasons]


def test_chances_are_told_in_points_both_ways() -> None:
    churn = Task(kind="binary", target="Churn", positive="Yes", negative="No")
    assert reasons(churn, tenure=3) == [
        "Tenure of 3 months raises the chance of churn by 24 points.",
        "Basic plan raises the chance of churn by 19 points.",
        "Vip (no) lowers the chance of churn by 4 points.",
    ]
    credit = Task(kind="binary", target="class", positive="bad", negative="good")
    assert reasons(credit)[0].endswith("raises the chance of 'bad' by 24 points.")


def test_amounts_are_told_in_the_targets_unit() -> None:
    said = reasons(Task(kind="regression", target="DeliveryTime"), unit="min", tenure=60)
    assert said[0] == "Tenure of 60 months lowers the delivery time by 1.55 min."
    assert reasons(Task(kind="regression", target="price"), unit="EUR")[0].endswith("raises the price by € 1.3.")


def test_what_was_filled_in_is_told_as_unknown() -> None:
    churn = Task(kind="binary", target="Churn", positive="1", negative="0")
    model_says = reasons(churn, tenure=29, plan="full")
    assert model_says[0].startswith("Full plan lowers the chance of churn")
    regression = reasons(Task(kind="regression", target="price"), tenure=29)
    assert all("Tenure" not in said for said in regression)  # it adds nothing there


def test_both_directions_are_among_the_few() -> None:
    columns = tuple(Number(name=f"x{i}") for i in range(9))
    contract = Contract(columns)
    model = LinearModel(0.0, tuple(Slope(0.0, slope) for slope in (9, 8, 7, 6, 5, 4, 3, -2, 1)), logistic=False)
    one = Explainer(
        model, contract, contract, profile_rows(contract, np.zeros((5, 9))), Task(kind="regression", target="y")
    )
    (found,) = one.explain([Subject(np.ones(9), dict.fromkeys(contract.names, 1.0))])
    assert [reason.feature for reason in found.reasons] == ["x0", "x1", "x2", "x3", "x7"]
    assert found.reasons[-1].amount == -2


def test_an_explanation_draws_itself_and_what_people_wrote_is_escaped() -> None:
    nasty = "<script>alert(1)</script>"
    contract = Contract((Category(name="plan<b>", values=(nasty, "x")), Number(name="n")))
    model = LinearModel(0.0, (Labels((1.0, -1.0, 0.0)), Slope(0.0, 0.1)), logistic=True)
    X = np.array([[0.0, 1.0], [1.0, 2.0]])
    task = Task(kind="binary", target="T", positive="p<i>", negative="n")
    (found,) = Explainer(model, contract, contract, profile_rows(contract, X), task).explain(
        [Subject(X[0], {"plan<b>": nasty, "n": 1.0})]
    )
    assert nasty in found.reasons[0].text  # plain text: whoever draws it escapes it
    page = found._repr_html_()
    assert page == to_html(explanation_document(found))
    assert "<script>alert" not in page
    assert "p<i>" not in page
    assert "<svg" in page
    assert "| plan" in to_markdown(explanation_document(found))
