"""`events export`: a file from the log of a project, and who took it is on record."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from mainstay.cli.program import main
from mainstay.contract import Category, Contract, Integer, Number, Text
from mainstay.contract.personal import personal_in
from mainstay.errors import InputError, StoreError
from mainstay.events import IdMaker, Prediction, open_log, open_pseudonyms, tail
from mainstay.events.export import Asked
from mainstay.events.sealing import seal
from mainstay.events.showing import show_events
from mainstay.lifecycle import export_events
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.task import Task
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
FEATURES = {"tenure": 3, "charge": 19.5, "plan": "basic"}
PRIVATE = Contract(
    (
        Text(name="customer", role="id", missing="allow"),
        Integer(name="tenure", min=0, max=100),
        Number(name="charge", personal=True),
        Category(name="plan", values=("basic", "full")),
    )
)
make = IdMaker()


def _answer(**changes: Any) -> Prediction:
    plain: dict[str, Any] = {
        "id": make(),
        "at": NOW,
        "model": "churn",
        "version": 1,
        "role": "champion",
        "score": 0.71,
        "prediction": "Yes",
        "decision": "offer",
        "features": FEATURES,
        "duration": 1_400_000,
    }
    return Prediction(**(plain | changes))


def _log(project: Project, *answers: Prediction) -> None:
    log = open_log(project)
    log.append("predictions", answers)
    log.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    register_model(made, TINY_MODEL)
    return made


def _blocked(project: Project) -> None:
    (project.books / "events" / "audit").symlink_to("nowhere")  # nothing can be written there, whoever tries


def _run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        main(words)
        code = 0
    except SystemExit as leave:
        code = int(leave.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_writes_the_file_and_says_so(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    _log(project, _answer(), _answer(version=2))
    out, where = project.root / "answers.csv", ["--project", str(project.root)]
    code, _, err = _run(["events", "export", "--out", str(out), "--version", "1", *where], capsys)
    assert (code, "1 event of the stream predictions" in err) == (0, True)
    assert pl.read_csv(out)["features.tenure"].to_list() == [3]
    code, _, err = _run(["events", "export", "--out", str(out), *where], capsys)
    assert (code, "--force" in err) == (2, True)
    code, said, _ = _run(["events", "export", "--out", str(out), "--force", "--json", *where], capsys)
    assert (code, json.loads(said)["events"]) == (0, 2)
    code, _, err = _run(["events", "export", "--out", str(out), "--since", "1h", "--until", "2h", *where], capsys)
    assert (code, "no later" in err) == (2, True)


def test_who_took_what_is_on_record_before_the_file_is_there(project: Project, tmp_path: Path) -> None:
    _log(project, _answer(), _answer())
    done = export_events(project, tmp_path / "a.parquet", Asked(), by="ana")
    assert done.events == 2
    (access,) = tail(open_log(project), 5, ("audit",))
    assert (access.kind, access.by, access.events) == ("export", "ana", 2)  # type: ignore[union-attr]
    assert access.subject.startswith("predictions from the beginning until 20")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("out", "asked", "envelope"),
    [
        ("a.xlsx", Asked(), None),
        ("a", Asked(), None),
        ("a.csv", Asked(), "cloudevents"),
        ("a.jsonl", Asked("feedback"), "kserve"),
        ("a.csv", Asked("feedback", version=1), None),
        ("a.csv", Asked("audit", role="champion"), None),
    ],
)
def test_what_cant_be_is_refused_before_anything_is_read(
    out: str, asked: Asked, envelope: Any, project: Project, tmp_path: Path
) -> None:
    with pytest.raises(InputError):
        export_events(project, tmp_path / out, asked, by="ana", envelope=envelope)
    assert not list(tmp_path.glob("*a.*"))


def test_a_feature_that_changed_its_type_is_text_that_holds_both(project: Project, tmp_path: Path) -> None:
    spelled = Contract((Category(name="tenure", values=("short", "long")), Number(name="added")))
    register_model(
        project, LinearModel(0.0, (Labels((0.1, 0.2, 0.0)), Slope(0.0, 0.1)), logistic=True), contract=spelled
    )
    _log(project, _answer(), _answer(version=2, features={"tenure": "long", "added": 1.5}))
    export_events(project, tmp_path / "a.parquet", Asked(), by="ana")
    frame = pl.read_parquet(tmp_path / "a.parquet")
    assert frame["features.tenure"].to_list() == ["3", "long"]
    assert frame["features.added"].to_list() == [None, 1.5]
    assert frame["features.charge"].to_list() == [19.5, None]
    export_events(project, tmp_path / "b.parquet", Asked(version=1), by="ana")
    assert pl.read_parquet(tmp_path / "b.parquet").schema["features.tenure"] == pl.Int64


def test_amounts_are_numbers_and_classes_have_a_column_each(tmp_path: Path) -> None:
    amounts = tiny_project(tmp_path, "amounts")
    register_model(
        amounts, LinearModel(1.0, TINY_MODEL.terms, logistic=False), task=Task(kind="regression", target="y")
    )
    _log(amounts, _answer(model="amounts", prediction=-5.25, decision=6.0, score=-5.25))
    export_events(amounts, tmp_path / "a.parquet", Asked(), by="ana")
    frame = pl.read_parquet(tmp_path / "a.parquet")
    assert (frame["prediction"].to_list(), frame["decision"].to_list()) == ([-5.25], [6.0])


def test_personal_features_are_opened_where_their_key_lives_and_not_unseen(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    register_model(project, TINY_MODEL, contract=PRIVATE)
    who = open_pseudonyms(project.books)("7590-VHVEG")
    log = open_log(project)
    persons = log.persons
    (answer,) = seal([_answer(entity=who)], personal_in(PRIVATE), persons)
    assert "charge" not in answer.features
    _log(project, answer)
    export_events(project, tmp_path / "a.parquet", Asked(), by="ana")
    assert pl.read_parquet(tmp_path / "a.parquet")["features.charge"].to_list() == [19.5]
    (shown,) = show_events(project, answer.id, by="ana").answers
    assert shown.answer is not None
    assert shown.answer.features == FEATURES
    persons.destroy([who])
    persons.close()
    export_events(project, tmp_path / "b.parquet", Asked(), by="ana")
    assert pl.read_parquet(tmp_path / "b.parquet")["features.charge"].to_list() == [None]


def test_where_an_access_cant_be_written_down_personal_features_stay_shut(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    register_model(project, TINY_MODEL, contract=PRIVATE)
    with_persons = open_log(project).persons
    (answer,) = seal([_answer(entity="f0c9")], personal_in(PRIVATE), with_persons)
    with_persons.close()
    _log(project, answer)
    _blocked(project)
    with pytest.raises(StoreError, match="can't be written down who saw them"):
        export_events(project, tmp_path / "a.csv", Asked(), by="ana")
    assert not list(tmp_path.glob("*a.csv*"))
    with pytest.raises(StoreError, match="can't be written down who saw them"):
        show_events(project, answer.id, by="ana")


def test_where_an_access_cant_be_written_down_the_rest_is_read_and_it_is_said(project: Project, tmp_path: Path) -> None:
    answer = _answer()
    _log(project, answer)
    _blocked(project)
    done = export_events(project, tmp_path / "a.csv", Asked(), by="ana")
    assert (done.events, "couldn't be written down" in done.notes[0]) == (1, True)
    assert "can't be written" in show_events(project, answer.id, by="ana").unrecorded


def test_what_is_written_meanwhile_is_not_in_the_file(project: Project, tmp_path: Path) -> None:
    _log(project, _answer(), _answer(at=NOW + dt.timedelta(hours=1)))
    done = export_events(project, tmp_path / "a.csv", Asked(), by="ana", now=NOW + dt.timedelta(minutes=1))
    assert (done.events, done.until) == (1, NOW + dt.timedelta(minutes=1))
