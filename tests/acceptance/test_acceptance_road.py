"""The road, by hand, on real tables: from a CSV to a released, served, logged, watched and rolled-back model."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.conftest import Load, Served, Terminal

PROBLEM = (
    "--decision", "Whom to call", "--action", "offer", "--owner", "owner@example.com", "--limitations", "Only a test",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table of the road: where it is, what is predicted, and a value its contract must refuse."""

    data_set: str
    target: str
    money: tuple[str, ...]
    bad: tuple[str, object]
    regression: bool = False
    renamed: str = ""


TABLES = {
    "telco": Table(
        "telco-churn/Telco-Customer-Churn.csv",
        "Churn",
        ("--value", "300", "--success-rate", "0.3", "--action-cost", "15"),
        ("tenure", -1),
    ),
    "credit-default": Table(
        "credit-default/UCI_Credit_Card.csv",
        "default.payment.next.month",
        ("--value", "1000", "--success-rate", "0.5", "--action-cost", "100"),
        ("AGE", "old"),
    ),
    "bike-sharing": Table(
        "bike-sharing/hour.csv", "cnt", ("--under", "3", "--over", "1"), ("temp", "warm"), regression=True
    ),
}


@pytest.mark.parametrize("name", list(TABLES))
def test_the_road(  # noqa: PLR0915 - one story, told in order
    name: str,
    terminal: Terminal,
    serve: Callable[[Path], Served],
    load: type[Load],
    shared_data: Callable[[str], Path],
) -> None:
    table = TABLES[name]
    data = shared_data(table.data_set)
    start = type(terminal)(terminal.folder)
    project = type(terminal)(terminal.folder / "model")

    # draft, check, train: version 1 with its verdict
    start.run("init", str(data), "--target", table.target, "--dir", "model", *PROBLEM, *table.money)
    assert "default" in project.run("check").out
    trained = project.run("train", "--json").json
    assert trained["version"]["number"] == 1
    assert trained["verdict"]["ok"] is True, trained["verdict"]
    project.run("gate", "1")
    project.run("release", "1", expect=1)  # no reason given
    project.run("release", "1", "--reason", "first model")

    # served, over real HTTP
    served = serve(project.folder)
    names = {column for column in records(data, 1)[0] if column != table.target}
    rows = [{key: row[key] for key in names} for row in records(data, 400)]
    status, answer = served.call("POST", "/models/model/predict", rows[0])
    assert status == 200
    assert set(answer) >= {"id", "prediction", "score", "decision", "version", "degraded", "warnings"}
    assert answer["version"] == 1
    field, value = table.bad
    status, problem = served.call("POST", "/models/model/predict", {**rows[0], field: value})
    assert status == 422
    told = problem["errors"][0]
    assert told["field"] == field
    assert str(value) in str(told)
    status, many = served.call("POST", "/models/model/predict", rows)
    assert status == 200
    assert len(many) == len(rows)

    # the truth comes back, and is joined by id
    truths = [row[table.target] for row in records(data, 400)]
    outcomes = [{"id": said["id"], "label": truth} for said, truth in zip(many, truths, strict=True)]
    status, taken = served.call("POST", "/models/model/feedback", outcomes)
    assert (status, taken["accepted"]) == (200, len(outcomes))
    seen = project.run("monitor", "--json").json
    groups = {finding["group"] for finding in seen}
    assert {"quality", "drift", "performance", "money"} <= groups, groups
    realised = [f for f in seen if f["group"] == "performance" and f.get("value") is not None]
    assert realised, seen
    assert any(finding["n"] >= 300 for finding in realised)

    # a second version: a tenth of the traffic, then all of it, then back, under load
    project.run("train")
    with load(served.port, "/models/model/predict", rows) as client:
        project.run("release", "2", "--canary", "10", "--reason", "try it", "--trial")
        time.sleep(2.0)
        versions = {version for _, _, version in client.answers[-500:]}
        assert versions == {1, 2}, versions
        project.run("release", "2", "--reason", "it is good", "--trial")
        time.sleep(1.5)
        assert {version for _, _, version in client.answers[-50:]} == {2}
        assert project.run("rollback", "--dry-run", "--json").json["version"] == 1
        project.run("rollback", "--reason", "it was not")
        back = time.monotonic()
        time.sleep(1.5)
        assert {version for _, _, version in client.answers[-50:]} == {1}
    assert client.failed == 0
    assert client.first(1, back) < 1.0

    # files, the loop, one screen, the owner's page
    project.run("predict", str(data), "--out", "scored.parquet")
    assert (project.folder / "scored.parquet").stat().st_size > 1000
    project.run("operate", "--once")
    assert "model" in project.run("status").out
    project.run("report", "--out", "owner.html")
    page = (project.folder / "owner.html").read_text()
    assert "<h1" in page
    assert "owner@example.com" in page
    assert [row["kind"] for row in project.run("history", "--json").json] == [
        "rollback",
        "release",
        "canary",
        "release",
    ]


def records(data: Path, count: int) -> list[dict[str, object]]:
    """Give the first rows as a client would send them: numbers as numbers, blanks as missing."""
    with data.open(encoding="utf-8", newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
    return [{key: typed(value) for key, value in row.items()} for row in rows]


def typed(text: str) -> object:
    """Read a cell as JSON would carry it."""
    if not text.strip():
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
