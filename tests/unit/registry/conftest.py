"""A small version to register: two features, a linear model."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.contract import Boolean, Category, Contract, Integer, Number, profile_rows
from mainstay.measures.finding import Finding, Interval
from mainstay.measures.money import Money
from mainstay.models.candidate import Candidate
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.policy import Policy
from mainstay.models.report import Contender, Influence, Report
from mainstay.models.task import Task
from mainstay.project import Problem
from mainstay.registry import Entry, Lineage, Registry, make_golden
from mainstay.registry.store import FileStore
from mainstay.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LOSS = Finding(measure="log_loss", where="all", value=0.41, interval=Interval(0.39, 0.43), n=250, group="performance")


def an_entry() -> Entry:
    contract = Contract(
        (
            Integer(name="tenure", min=0, max=72),
            Number(name="charges", missing="allow"),
            Boolean(name="partner", true="Yes", false="No"),
            Category(name="plan", values=("basic", "full")),
        )
    )
    model = LinearModel(
        -1.0, (Slope(30.0, -0.02), Slope(64.0, 0.01, 0.3), Slope(0.5, 0.1), Labels((0.2, -0.2, 0.0))), logistic=True
    )
    dice = np.random.default_rng(7)
    encoded = np.column_stack(
        [dice.integers(0, 72, 200), dice.normal(64, 20, 200), dice.integers(0, 2, 200), dice.integers(0, 2, 200)]
    ).astype(np.float64)
    profile = profile_rows(contract, encoded)
    policy = Policy(
        task=Task(kind="binary", target="churn", positive="Yes", negative="No"), action="offer", threshold=0.17
    )
    candidate = Candidate("linear", model, policy, np.zeros(200), np.zeros(5), {"l2": 1.0, "seed": 7})
    report = Report(
        candidate="linear",
        primary="log_loss",
        in_money=False,
        currency="EUR",
        policy=policy,
        contenders=(Contender(name="linear", chosen=True, primary=LOSS, parameters={"l2": "1", "fit": True}),),
        measures=(LOSS, Finding(measure="roc_auc", where="all", value=None, note="one class only")),
        influences=(Influence("tenure", 0.08, 0.01),),
        train_rows=200,
        test_rows=250,
        base_rate=0.27,
        score_quantiles=(0.0, 0.5, 1.0),
        why="Better than doing nothing.",
        notes=("not money",),
    )
    lineage = Lineage(
        data_fingerprint="f00d", source="churn.csv", rows=450, seed=7, by="Zoë", packages={"numpy": "2.0"}
    )
    problem = Problem(name="churn", decision="Offer a discount", action="offer", owner="a@b.example", limitations="")
    golden = make_golden(contract, profile, model, seed=7)
    return Entry(
        "churn", candidate, report, contract, profile, Money(value=300, success_rate=0.3), problem, lineage, golden
    )


@pytest.fixture(scope="session")
def template() -> Entry:
    return an_entry()


@pytest.fixture
def entry(template: Entry) -> Entry:
    return replace(template)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path / ".mainstay")
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / ".mainstay" / "store")


@pytest.fixture
def registry(state: State, store: FileStore) -> Registry:
    return Registry(state, store)
