"""The doctor names what is damaged in the event log, by file and place."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.events import Action, EventLog, encode_events
from mainstay.events.segments import seal
from mainstay.events.table.shipping import ship
from mainstay.lifecycle.doctor import examine
from mainstay.release import open_books
from mainstay.serving.testing import tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def action() -> bytes:
    at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    return encode_events([Action(id="1", model="churn", kind="alert", subject="psi", at=at, by="me", message="!")])


def _said(project: Project) -> list[str]:
    return [f"{one.weight}: {one.message}" for one in examine(project).complaints if one.check == "events"]


def test_damaged_torn_and_shortened_files_are_named(tmp_path: Path, action: bytes) -> None:
    project = tiny_project(tmp_path)
    with open_books(project):
        pass
    log = EventLog(project.books / "events")
    writer = log.writer("actions")
    writer.append(action * 3)
    writer.close()
    (path,) = log.segments("actions")
    assert _said(project) == []
    whole = path.read_bytes()
    path.write_bytes(whole[: len(action)] + whole[len(action) :].replace(b"psi", b"psy", 1))
    (said,) = _said(project)
    assert said.startswith("note: A record of ")
    assert f"is damaged at bytes {len(action)} to {2 * len(action)}. Readers leave it out." in said
    path.write_bytes(whole[:-5])
    (said,) = _said(project)
    assert said.startswith("broken: ")
    assert said.endswith("lost its last 5 bytes after it was sealed.")
    path.with_suffix(".seal").unlink()
    (said,) = _said(project)
    assert "was cut off by a crash" in said
    assert seal(path).lines == 2


def test_many_damages_are_counted(tmp_path: Path, action: bytes) -> None:
    project = tiny_project(tmp_path)
    with open_books(project):
        pass
    log = EventLog(project.books / "events")
    log.writer("actions").append(action.replace(b"psi", b"psy") * 30 + action)
    said = _said(project)
    assert len(said) == 21
    assert "So are 10 more" in said[-1]


def test_a_log_that_cant_be_read_is_broken(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    with open_books(project):
        pass
    (project.books / "events").mkdir(exist_ok=True)
    (project.books / "events" / "predictions").write_text("no folder")
    (said,) = _said(project)
    assert said.startswith("broken: ")
    assert said.endswith("predictions can't be read or written: Not a directory.")


def test_files_that_a_table_names_and_that_are_gone_or_cut_are_named(tmp_path: Path, action: bytes) -> None:
    project = tiny_project(tmp_path)
    with open_books(project):
        pass
    log = EventLog(project.books / "events")
    writer = log.writer("actions")
    writer.append(action)
    writer.close()
    ship(log, contract_of=lambda _: None)
    assert _said(project) == []
    (file,) = (log.root / "table" / "actions").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-1])
    assert _said(project) == [f"broken: {file} isn't what was written: its size differs."]
    file.unlink()
    assert _said(project) == [f"broken: {file} is gone: its rows can't be read."]
