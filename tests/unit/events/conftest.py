from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.contract import Category, Contract, Integer, Number, Text
from mainstay.events import EventLog, Feedback, IdMaker, Prediction
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def contract() -> Contract:
    return Contract(
        (
            Text(name="customer", role="id"),
            Integer(name="tenure", min=0, max=100),
            Number(name="charge"),
            Category(name="plan", values=("basic", "full")),
        )
    )


@pytest.fixture
def task() -> Task:
    return Task(kind="binary", target="Churn", positive="Yes", negative="No")


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events")


@pytest.fixture
def prediction() -> Callable[..., Prediction]:
    make = IdMaker()

    def build(**changes: Any) -> Prediction:
        plain: dict[str, Any] = {
            "id": make(),
            "at": NOW,
            "model": "churn",
            "version": 1,
            "role": "champion",
            "score": 0.25,
            "prediction": "No",
            "decision": "none",
            "features": {"tenure": 3, "charge": 19.5, "plan": "basic"},
            "duration": 21_000,
        }
        return Prediction(**(plain | changes))

    return build


@pytest.fixture
def feedback() -> Callable[..., Feedback]:
    make = IdMaker()

    def build(name: str, label: str | float | None = "Yes", **changes: Any) -> Feedback:
        plain: dict[str, Any] = {
            "id": name,
            "event": make(),
            "model": "churn",
            "received": dt.datetime.now(dt.UTC),
            "at": NOW,
            "label": label,
        }
        return Feedback(**(plain | changes))

    return build
