"""What is sealed is shipped by the command and by every controller; a table that can't be reached costs nothing."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import polars as pl
import pytest
from click.testing import CliRunner

from mainstay.cli.program import program
from mainstay.errors import LockedError
from mainstay.events import IdMaker, Prediction, Value, open_log
from mainstay.lifecycle.controller import lead, run
from mainstay.lifecycle.shipping import Shipper, ship_events
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
make = IdMaker()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    release_now(made, register_model(made, TINY_MODEL))
    return made


def answer(project: Project, version: int = 1) -> None:
    log = open_log(project)
    with open_books(project) as books:
        features: dict[str, Value] = {
            each.name: None for each in books.registry.load_contract(project.name, 1).features
        }
    log.append(
        "predictions",
        [
            Prediction(
                id=make(), at=dt.datetime.now(dt.UTC), model=project.name, version=version, role="champion",
                score=0.5, prediction="Yes", decision="none", features=features,
            )
        ],
    )  # fmt: skip
    log.close()


def rows(project: Project) -> pl.DataFrame:
    return pl.read_delta(str(project.books / "events/table/predictions"))


def test_the_contracts_of_the_registry_give_the_columns_their_types(project: Project) -> None:
    answer(project)
    answer(project, version=77)  # nobody knows it
    done = ship_events(project, now=NOW)
    assert (done.segments, done.events) == (2, 2)
    assert done.told == f"{project.name}: 2 events of 2 files shipped."
    with open_books(project) as books:
        kinds = {each.name: each.stored() for each in books.registry.load_contract(project.name, 1).features}
    assert rows(project).schema["features"] == pl.Struct(kinds)
    assert ship_events(project, now=NOW).told == ""


def test_the_command_says_what_it_did(project: Project) -> None:
    answer(project)
    words = ["events", "ship", "--project", str(project.root)]
    first, second = (CliRunner().invoke(program, words, catch_exceptions=False) for _ in range(2))
    assert "1 event of 1 file shipped" in first.output
    assert "all that is sealed is in the tables already" in second.output
    assert first.exit_code == second.exit_code == 0


def test_a_controller_that_does_not_lead_ships_too(project: Project) -> None:
    answer(project)
    lead(project, "somebody else", 600)
    told: list[str] = []
    with pytest.raises(LockedError, match="Another controller"):
        run(project, every=1, once=True, tell=told.append)
    assert rows(project).height == 1
    assert any("shipped" in line for line in told)


def test_a_trouble_is_told_once_and_tried_again(project: Project) -> None:
    file = project.root / "mainstay.toml"
    file.write_text(file.read_text() + '\n[events]\ntable = "there"\n')
    project = open_project(project.root)
    (project.root / "there").write_text("in the way")
    answer(project)
    told: list[str] = []
    shipper = Shipper(told.append, dt.timedelta())
    shipper.look(project, NOW)
    shipper.look(project, NOW)
    assert len(told) == 1
    assert "can't be used" in told[0]
    (project.root / "there").unlink()
    shipper.look(project, NOW)
    assert told[1:] == [f"{project.name}: 1 event of 1 file shipped."]
    assert pl.read_delta(str(project.root / "there/predictions")).height == 1


def test_the_tables_are_looked_after_once_a_day(project: Project) -> None:
    for _ in range(3):
        answer(project)
        ship_events(project, now=dt.datetime.now(dt.UTC))
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1, minutes=1)
    assert [ship_events(project, now=tomorrow).compacted for _ in range(2)] == [3, 0]


def test_a_controller_makes_no_commit_for_every_line(project: Project) -> None:
    answer(project)
    told: list[str] = []
    patient = Shipper(told.append)
    patient.look(project, NOW)
    assert told == []
    for path in open_log(project).segments("predictions"):
        hour_ago = path.stat().st_mtime - 3600
        os.utime(path, (hour_ago, hour_ago))
    patient.look(project, NOW)
    assert rows(project).height == 1
