"""A long log stays quick to read."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.contract import Category, Contract, Number
from mainstay.events import EventLog, IdMaker, Prediction, Value, encode_events, show, tail
from mainstay.events.window import take_window
from mainstay.models.task import Task

if TYPE_CHECKING:
    from pathlib import Path

LINES = 1_000_000
BATCH = 1000
CONTRACT = Contract(
    (*(Number(name=f"n{i}") for i in range(14)), *(Category(name=f"c{i}", values=("a", "b")) for i in range(6)))
)


@pytest.mark.full
def test_a_million_predictions_are_read_in_seconds(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    writer = log.writer("predictions")
    make = IdMaker()
    features: dict[str, Value] = {f"n{i}": i / 7 for i in range(14)}
    features |= {f"c{i}": "a" for i in range(6)}
    begun = dt.datetime.now(dt.UTC)
    name = ""
    for _ in range(LINES // BATCH):
        batch = [
            Prediction(
                id=(name := make()),
                at=dt.datetime.now(dt.UTC),
                model="m",
                version=1,
                role="champion",
                score=0.25,
                prediction="No",
                decision="none",
                features=features,
                duration=20_000,
            )
            for _ in range(BATCH)
        ]
        writer.append(encode_events(batch))
    until = dt.datetime.now(dt.UTC)

    at = time.monotonic()
    task = Task(kind="binary", target="t", positive="Yes", negative="No")
    window = take_window(log, CONTRACT, task, begun, until)
    assert window.frame.height == LINES
    assert time.monotonic() - at < 30  # 3 s on a quiet machine

    at = time.monotonic()
    assert len(tail(log, 10)) == 10
    assert [event.id for event in show(log, name)] == [name]  # type: ignore[union-attr]
    assert time.monotonic() - at < 3
