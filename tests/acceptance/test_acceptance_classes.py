"""The road of several classes, by hand: from a CSV to a model that is served, told, watched and rolled back."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.conftest import Served, Terminal

WINE = "wine-quality/winequality-red.csv"
PROBLEM = (
    "--decision",
    "What to do with a cask",
    "--action",
    "bottle",
    "--owner",
    "o@example.com",
    "--limitations",
    "-",
)
MONEY = """
[training]
candidates = ["linear"]

[money.matrix]
3 = { discard = 0, blend = 2, bottle = 20 }
4 = { discard = 1, blend = 1, bottle = 12 }
5 = { discard = 4, blend = 0, bottle = 4 }
6 = { discard = 8, blend = 2, bottle = 0 }
7 = { discard = 14, blend = 5, bottle = 0 }
8 = { discard = 18, blend = 8, bottle = 0 }
"""
LABELS = ["3", "4", "5", "6", "7", "8"]


def test_the_road_of_several_classes(  # noqa: PLR0915 - one story, told in order
    terminal: Terminal, serve: Callable[[Path], Served], shared_data: Callable[[str], Path]
) -> None:
    data = shared_data(WINE)
    project = type(terminal)(terminal.folder / "wine")

    # draft: numbers are amounts until they are said to be labels
    amount = terminal.run("init", str(data), "--target", "quality", "--dir", "amounts")
    assert "start again with --classes" in amount.out + amount.err
    terminal.run("init", str(data), "--target", "quality", "--classes", "--dir", "wine", *PROBLEM)
    text = (project.folder / "mainstay.toml").read_text()
    assert "classes = true" in text
    wrong = MONEY.replace("\n8 = {", "\n9 = {")
    (project.folder / "mainstay.toml").write_text(text + wrong)
    refused = project.run("check", expect=2)
    assert "matrix leaves out the label '8' of the target" in refused.err
    assert "Its labels are: 3, 4, 5, 6, 7, 8" in refused.err
    (project.folder / "mainstay.toml").write_text(text + MONEY)
    project.run("check")

    # train, judge, release
    trained = project.run("train", "--json").json
    assert trained["verdict"]["ok"] is True, trained["verdict"]
    project.run("gate", "1")
    project.run("release", "1", "--reason", "first look", "--trial")

    # served: each label's probability, the action that costs least
    served = serve(project.folder)
    rows = records(data, 300)
    sent = [{name: value for name, value in row.items() if name != "quality"} for row in rows]
    status, answer = served.call("POST", "/models/wine/predict", sent[0])
    assert status == 200
    assert list(answer["scores"]) == LABELS
    assert sum(answer["scores"].values()) == pytest.approx(1)
    assert answer["score"] == answer["scores"][answer["prediction"]] == max(answer["scores"].values())
    status, many = served.call("POST", "/models/wine/predict", sent)
    assert {one["decision"] for one in many} <= {"discard", "blend", "bottle"}
    assert len({one["decision"] for one in many}) > 1
    status, problem = served.call("POST", "/models/wine/predict", {**sent[0], "pH": "sour"})
    assert (status, problem["errors"][0]["field"]) == (422, "pH")

    # the truth comes back; a label that is none doesn't
    status, problem = served.call("POST", "/models/wine/feedback", {"id": many[0]["id"], "label": "9"})
    assert status == 422
    assert "must be one of 3, 4, 5, 6, 7, 8" in problem["detail"]
    told = [{"id": one["id"], "label": int(str(row["quality"]))} for one, row in zip(many, rows, strict=True)]
    assert served.call("POST", "/models/wine/feedback", told)[1]["accepted"] == 300

    # watched
    seen = {(one["measure"], one["where"]): one for one in project.run("monitor", "--json").json}
    assert seen["accuracy", "all"]["n"] >= 300
    assert seen["money_per_1000", "all"]["unit"] == "EUR"
    assert ("psi", "prediction") in seen
    assert seen["estimated_money_per_1000", "all"]["value"] is not None
    assert "wine" in project.run("status").out
    project.run("operate", "--once")

    # files: a column for each label, the same answers as over HTTP
    project.run("predict", str(data), "--out", "scored.parquet")
    scored = pl.read_parquet(project.folder / "scored.parquet").head(300)
    for label in LABELS:
        assert scored[f"score {label}"].to_list() == [one["scores"][label] for one in many]
    assert scored["decision"].to_list() == [one["decision"] for one in many]

    # another version, and back
    project.run("train")
    project.run("release", "2", "--reason", "again", "--trial")
    project.run("rollback", "--reason", "it was not")
    assert project.run("history", "--json").json[0]["kind"] == "rollback"
    project.run("report", "1", "--full", "--out", "owner.html")
    assert "True label" in (project.folder / "owner.html").read_text()


def records(data: Path, count: int) -> list[dict[str, Any]]:
    """Give the first rows as a client would send them."""
    with data.open(encoding="utf-8", newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
    return [{name: cell if name == "quality" else float(cell) for name, cell in row.items()} for row in rows]
