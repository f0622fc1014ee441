"""A real server whose contract has personal features: no file holds any, and they come back by their key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.contract import Category, Contract, Integer, Number, Text
from mainstay.events import find_prediction, open_log
from mainstay.events.read import read_predictions
from mainstay.release import open_books
from mainstay.serving.batch import score_file
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.registry import Bundle

CONTRACT = Contract(
    (
        Text(name="customer", role="id", missing="allow", personal=True),
        Integer(name="tenure", min=0, max=100, missing="impute", fill=3),
        Number(name="charge", min=0, max=500, outside="clip", personal=True),
        Category(name="plan", values=("basic", "full"), unknown="other", personal="drop"),
    )
)
CHARGE, BEYOND, PLAN, WHO, WORD = 123.45678, 98765.4321, "mark-plan-7", "mark-customer-7", "mark-word-7"
MARKS = (b"123.45678", b"98765.4321", b"mark-", b"offer@")
RECORD = {"customer": WHO, "tenure": 5, "charge": CHARGE, "plan": PLAN}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = tiny_project(tmp_path_factory.mktemp("personal"))
    release_now(project, register_model(project, TINY_MODEL, contract=CONTRACT))
    return project


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[TestServer]:
    with TestServer.start(project) as server:
        yield server


def bundle_of(project: Project) -> Bundle:
    with open_books(project) as books:
        return books.registry.load_bundle(project.name, 1)


def marked(folder: Path) -> list[tuple[str, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, mark) for path in files for mark in MARKS if mark in path.read_bytes()]


def test_nothing_personal_is_in_any_file_and_it_comes_back_by_its_key(server: TestServer, project: Project) -> None:
    told = server.post("/models/churn/predict", RECORD).json
    assert told["score"] > 0
    server.post("/models/churn/predict", {**RECORD, "charge": BEYOND})
    server.post("/models/churn/predict", {**RECORD, "charge": WORD})  # refused
    server.post("/models/churn/predict", {**RECORD, WORD: WORD})  # a field nobody asks for
    server.post("/models/churn/predict", [RECORD, {**RECORD, "customer": "mark-other"}])
    server.post("/models/churn/explain", RECORD)
    assert marked(project.books) == []
    answer = find_prediction(open_log(project), told["id"])
    assert answer.features == {"tenure": 5, "charge": CHARGE}
    frame = read_predictions(open_log(project), CONTRACT)
    assert frame["f:charge"].null_count() == 0
    assert frame["f:plan"].null_count() == frame.height


def test_a_record_about_nobody_is_answered_and_says_in_its_line_what_it_lacks(
    server: TestServer, project: Project
) -> None:
    told = server.post("/models/churn/predict", {**RECORD, "customer": None}).json
    assert told["warnings"] == ["plan: 'mark-plan-7' counts as other"] or told["warnings"]
    answer = find_prediction(open_log(project), told["id"])
    assert answer.features == {"tenure": 5}
    assert any("charge" in one and "doesn't say whom" in one for one in answer.warnings)


def test_it_is_replayed_where_the_log_has_everything_and_said_where_it_has_not(
    server: TestServer, project: Project
) -> None:
    told = server.post("/models/churn/predict", RECORD).json
    replayed = lifecycle.replay(project, told["id"])
    assert replayed.differs is None
    assert "plan" in next(step.note for step in replayed.steps if step.name == "record")


def test_rows_of_a_file_are_sealed_as_requests_are(project: Project, tmp_path: Path) -> None:
    pl.DataFrame([{**RECORD, "customer": f"{WHO}-{n}"} for n in range(20)]).write_csv(tmp_path / "in.csv")
    log = open_log(project)
    score_file(bundle_of(project), tmp_path / "in.csv", tmp_path / "out.csv", log=log, books=project.books)
    log.close()
    assert marked(project.books) == []
    ids = pl.read_csv(tmp_path / "out.csv")["id"].to_list()
    assert find_prediction(log, ids[7]).features["charge"] == CHARGE
