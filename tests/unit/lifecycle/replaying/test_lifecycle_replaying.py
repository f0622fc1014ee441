"""Answers in the log computed again: every kind comes out as it was given, and what was changed is found and named."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import stat
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Text
from mainstay.errors import CorruptError, NotFoundError
from mainstay.events import IdMaker, open_log
from mainstay.measures.money import Capacity
from mainstay.models import Task
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.project import open_project
from mainstay.release import Route, open_books
from mainstay.serving import App, Served
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_MODEL,
    TINY_TASK,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

    Forge = Callable[[Project, str, bytes], None]

GRADES = Task(kind="multiclass", target="grade", labels=("low", "high", "2"))
SUMS = SoftmaxModel(
    tuple(
        LinearModel(base, (Slope(30.0, slope), Slope(64.0, 0.01), Labels((0.4, -0.2, 0.0))), logistic=False)
        for base, slope in ((0.2, 0.01), (0.0, -0.03), (-0.3, 0.05))
    )
)
RECORDS = [GOOD_RECORD | {"tenure": tenure, "plan": plan} for tenure in (0, 30, 90) for plan in ("basic", "full")]
CODE = """
import polars as pl


def features(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col("note").str.len_chars().alias("length"), pl.col("signed").dt.hour().alias("hour")
    ).drop("note")
"""
NOTED = """
[note]
type = "text"

[amount]
type = "number"
min = 0
outside = "fallback"

[signed]
type = "datetime"
"""


def post(project: Project, body: Any, path: str = "/predict") -> Any:
    """Ask a server of the project in this process, without a socket."""
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "scheme": "http", "headers": headers}
    asyncio.run(app(scope | {"server": ("127.0.0.1", 8000)}, receive, send))
    served.close()
    assert sent[0]["status"] == 200, sent[1]["body"]
    return json.loads(sent[1]["body"])


def states(replayed: lifecycle.Replay) -> dict[str, str]:
    return {step.name: step.state for step in replayed.steps}


SAME = {"bundle": "same", "record": "same", "score": "same", "prediction": "same", "decision": "same"}


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL, fallback=0.25))
    return project


def test_an_answer_comes_out_as_it_was_given(released: Project) -> None:
    answer = post(released, GOOD_RECORD)
    again = lifecycle.replay(released, answer["id"])
    assert states(again) == SAME
    assert again.differs is None
    assert again.why == ()
    assert again.origin == "request"
    explained = post(released, GOOD_RECORD, "/models/churn/explain")
    assert states(lifecycle.replay(released, explained["id"])) == SAME
    held = {step.name: step.found for step in again.steps}
    assert held["score"] == answer["score"]
    assert held["decision"] == answer["decision"]


@pytest.mark.parametrize(
    ("task", "model"),
    [
        (Task(kind="regression", target="rentals"), LinearModel(100.0, TINY_MODEL.terms, logistic=False)),
        (GRADES, SUMS),
        (GRADES, ConstantModel((0.2, 0.5, 0.3))),
        (TINY_TASK, CalibratedModel(TINY_MODEL, (Line(0.8, (0.1,)), Steps((0.1, 0.3, 0.6), (0.05, 0.3, 0.7))))),
    ],
    ids=["amounts", "classes", "constant", "calibrated"],
)
def test_every_kind_of_question_alone_together_and_in_a_file(tmp_path: Path, task: Task, model: Any) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, model, task=task))
    names = [answer["id"] for answer in post(project, RECORDS)] + [post(project, GOOD_RECORD)["id"]]
    pl.DataFrame(RECORDS).write_csv(tmp_path / "rows.csv")
    lifecycle.predict_file(project, tmp_path / "rows.csv", tmp_path / "out.parquet")
    rows = pl.read_parquet(tmp_path / "out.parquet")["id"].to_list()
    for name in (*names, *rows):
        assert states(lifecycle.replay(project, name)) == SAME
    assert lifecycle.replay(project, rows[0]).origin == "file"
    everything = lifecycle.replay_last(project, 100)
    assert [each.differs for each in everything] == [None] * 13
    assert "13 of 13 answers" in lifecycle.replays_document("churn", everything).title


def test_degraded_rows_and_rows_of_the_fallback_come_out_too(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    contract = Contract((*TINY_CONTRACT.columns[:-1], Category(name="plan", values=("basic",), unknown="fallback")))
    release_now(project, register_model(project, ConstantModel(0.6), contract=contract, fallback=0.25))
    clipped, fallen = post(project, [GOOD_RECORD | {"charge": 900}, GOOD_RECORD])
    assert clipped["degraded"]
    again = lifecycle.replay(project, clipped["id"])
    assert states(again) == SAME
    assert "clipped from 900" in again.steps[1].note
    left = post(project, GOOD_RECORD | {"plan": "full"})
    assert left["score"] == 0.25
    for name in (left["id"], fallen["id"]):
        again = lifecycle.replay(project, name)
        assert again.differs is None
    assert "the model wasn't asked" in lifecycle.replay(project, left["id"]).steps[2].note


def test_canaries_and_shadows_are_computed_by_the_version_that_answered(released: Project) -> None:
    second = register_model(released, LinearModel(1.0, TINY_MODEL.terms, logistic=True))
    third = register_model(released, ConstantModel(0.9))
    release_now(released, 1, Route(second, "canary", 0.5), Route(third, "shadow", 1.0))
    post(released, [GOOD_RECORD | {"customer": f"c{number}"} for number in range(20)])
    again = lifecycle.replay_last(released, 40)
    assert {each.version for each in again} == {1, second, third}
    assert {each.role for each in again} == {"champion", "canary", "shadow"}
    assert all(each.differs is None for each in again)


def test_every_kind_of_column_survives_the_log(tmp_path: Path) -> None:
    columns = (
        Text(name="customer", role="id"),
        Boolean(name="paperless", true="Yes", false="No"),
        Integer(name="tenure", missing="allow"),
        Number(name="charge"),
        Datetime(name="signed", format="%d.%m.%Y"),
        Category(name="plan", values=("basic", "full"), unknown="other"),
    )
    model = LinearModel(
        0.1,
        (Labels((0.1, 0.2, 0.0)), Slope(3.0, 0.1), Slope(60.0, 0.01), Slope(1.7e9, 1e-9), Labels((0.3, -0.1, 0.2))),
        logistic=True,
    )
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, model, contract=Contract(columns)))
    record = {"customer": "a", "paperless": "Yes", "tenure": None, "charge": 29.85, "signed": "01.03.2026"}
    plain, other = post(project, [record | {"plan": "full"}, record | {"plan": "gold"}])
    assert states(lifecycle.replay(project, plain["id"])) == SAME
    assert lifecycle.replay(project, other["id"]).differs is None


def noted(root: Path) -> Project:
    root.mkdir()
    (root / "contract.toml").write_text(NOTED)
    (root / "features.py").write_text(CODE)
    dice = np.random.default_rng(0)
    lengths = dice.integers(1, 9, 300)
    pl.DataFrame(
        {
            "note": ["x" * n for n in lengths],
            "amount": dice.uniform(0, 3, 300),
            "signed": [f"2026-03-01T{n + 10}:30:00Z" for n in lengths],
            "left": np.where(lengths + dice.normal(size=300) > 5, "Yes", "No"),
        }
    ).write_csv(root / "rows.csv")
    (root / "mainstay.toml").write_text(
        '[problem]\nname = "churn"\naction = "call"\n[data]\nsource = "rows.csv"\ntarget = "left"\npositive = "Yes"\n'
        '[training]\ncandidates = ["do-nothing", "linear"]\n'
    )
    return open_project(root)


def test_feature_code_runs_again_and_what_it_gives_is_compared(tmp_path: Path) -> None:
    project = noted(tmp_path / "churn")
    trained = lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="a test")
    release_now(project, trained.version.number)
    record = {"note": "xxxxx", "amount": 0.1, "signed": "2026-03-01T17:30:00Z"}
    answer, left = post(project, [record, record | {"amount": -1}])
    again = lifecycle.replay(project, answer["id"])
    assert list(states(again)) == ["bundle", "record", "features.py", "score", "prediction", "decision"]
    assert set(states(again).values()) == {"same"}
    assert states(lifecycle.replay(project, left["id"]))["features.py"] == "unknown"
    assert lifecycle.replay(project, left["id"]).differs is None
    lifecycle.predict_file(project, project.root / "rows.csv", tmp_path / "out.parquet")
    assert [each.differs for each in lifecycle.replay_last(project, 30)] == [None] * 30
    change(project, lambda line: line["mainstay.inputs"].update(length=6), answer["id"])
    differs = lifecycle.replay(project, answer["id"])
    assert differs.differs is not None
    assert (differs.differs.name, differs.differs.stored, differs.differs.found) == (
        "features.py",
        {"length": 6},
        {"length": 5},
    )
    assert "golden records as it always did" in differs.why[0]


def change(project: Project, how: Callable[[dict[str, Any]], object], name: str) -> None:
    """Change one line of the log, as nobody should."""
    for path in open_log(project).segments("predictions"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if line["event.id"] == name:
                how(line)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("how", "step"),
    [
        ({"mainstay.score": 0.123}, "score"),
        ({"mainstay.prediction": "Yes!"}, "prediction"),
        ({"mainstay.decision": "a cake"}, "decision"),
        ({"mainstay.features": {"tenure": 60, "charge": 29.85, "plan": "basic"}}, "score"),
        ({"mainstay.features": {"tenure": 3, "charge": 29.85}}, "record"),
        ({"mainstay.features": {"tenure": "x", "charge": 29.85, "plan": "basic"}}, "record"),
        ({"mainstay.features": {"tenure": 3, "charge": 900, "plan": "basic"}}, "record"),
        ({"mainstay.features": {"tenure": 300, "charge": 9, "plan": "basic"}}, "record"),
        ({"mainstay.inputs": {"tenure": 3}}, "features.py"),
        ({"mainstay.fallback": True}, "score"),
    ],
)
def test_a_changed_line_is_found_and_the_step_is_named(released: Project, how: dict[str, Any], step: str) -> None:
    answer = post(released, GOOD_RECORD)
    change(released, lambda line: line.update(how), answer["id"])
    again = lifecycle.replay(released, answer["id"])
    assert again.differs is not None
    assert again.differs.name == step
    assert again.why
    assert f"{step} differs" in lifecycle.replay_told(again)


def test_of_several_classes_one_changed_probability_is_found(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, SUMS, task=GRADES))
    for how in ({"mainstay.score": 0.99}, {"mainstay.scores": {"low": 1.0}}):
        name = post(project, GOOD_RECORD)["id"]
        change(project, lambda line, how=how: line.update(how), name)  # type: ignore[misc]
        again = lifecycle.replay(project, name)
        assert again.differs is not None
        assert again.differs.name == "score"


def test_a_changed_bundle_is_named_before_anything_of_it_runs(
    released: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    name = post(released, GOOD_RECORD)["id"]
    model = next((released.books / "store" / "churn" / "1" / "model").iterdir())
    model.chmod(stat.S_IRUSR | stat.S_IWUSR)
    model.write_bytes(model.read_bytes() + b" ")
    again = lifecycle.replay(released, name)
    assert states(again) == {"bundle": "differs"}
    assert model.name in again.steps[0].note
    with pytest.raises(SystemExit) as leave:
        main(["events", "replay", name, "--project", str(released.root)])
    assert leave.value.code == 1
    said = capsys.readouterr()
    assert "bundle differs" in said.err
    assert "isn't what was registered" in said.out


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (b'"max": 100', b'"max": 2', "record"),
        (b'"tenure"', b'"tenor"', "record"),
        (b'"basic",', b'"gold","basic",', "score"),
    ],
)
def test_a_contract_that_was_changed_behind_every_hash_is_found(
    released: Project, forge: Forge, old: bytes, new: bytes, step: str
) -> None:
    name = post(released, GOOD_RECORD)["id"]
    path = released.books / "store" / "churn" / "1" / "contract.json"
    assert old in path.read_bytes()
    forge(released, "contract.json", path.read_bytes().replace(old, new))
    again = lifecycle.replay(released, name)
    assert again.differs is not None
    assert again.differs.name == step


def test_a_row_of_a_file_with_a_capacity_depends_on_the_other_rows(tmp_path: Path, forge: Forge) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    path = project.books / "store" / "churn" / "1" / "money.json"
    money = json.loads(path.read_bytes()) | {"capacity": {"n": 1, "per": "week"}}
    forge(project, "money.json", json.dumps(money).encode())
    with open_books(project) as books:
        assert books.registry.load_bundle("churn", 1).money.capacity == Capacity(n=1, per="week")
    pl.DataFrame([GOOD_RECORD | {"charge": charge} for charge in (400, 450, 490)]).write_csv(tmp_path / "rows.csv")
    lifecycle.predict_file(project, tmp_path / "rows.csv", tmp_path / "out.parquet")
    again = lifecycle.replay_last(project, 3)
    assert [states(each)["decision"] for each in again] == ["unknown", "unknown", "same"]
    assert all(each.differs is None for each in again)
    assert "depends on the others" in again[0].steps[-1].note


def test_ids_that_are_no_answers_are_told_what_they_are(released: Project) -> None:
    first, second = post(released, [GOOD_RECORD, GOOD_RECORD])
    post(released, {"id": first["id"], "label": "Yes"}, "/models/churn/feedback")
    line = json.loads(open_log(released).segments("feedback")[0].read_text().splitlines()[0])
    assert lifecycle.replay(released, first["id"]).differs is None
    with pytest.raises(NotFoundError, match=f"feedback about the answer {first['id']}"):
        lifecycle.replay(released, line["event.id"])
    for answer in (first, second):
        change(released, lambda line: line.update({"http.request.id": "basket"}), answer["id"])
    with pytest.raises(NotFoundError, match=f"id of a request; its answers are {first['id']}, {second['id']}"):
        lifecycle.replay(released, "basket")
    for stranger in ("nobody", IdMaker()()):
        with pytest.raises(NotFoundError, match="holds nothing by this one"):
            lifecycle.replay(released, stranger)


def test_a_damaged_line_and_another_models_answer_are_told(released: Project) -> None:
    name = post(released, GOOD_RECORD)["id"]
    change(released, lambda line: line.update({"mainstay.model": "credit"}), name)
    with pytest.raises(NotFoundError, match="answered by the model 'credit', and this project is 'churn'"):
        lifecycle.replay(released, name)
    (path,) = open_log(released).segments("predictions")
    path.write_text(path.read_text()[:-40] + "\n")
    with pytest.raises(CorruptError, match="is damaged"):
        lifecycle.replay(released, name)


def test_a_version_that_was_removed_or_isnt_known_is_told(released: Project) -> None:
    name = post(released, GOOD_RECORD)["id"]
    with open_books(released) as books:
        books.registry.mark_removed("churn", lambda _: [1], dt.datetime.now(dt.UTC))
    with pytest.raises(NotFoundError, match="version 1 was removed by mainstay admin gc"):
        lifecycle.replay(released, name)
    change(released, lambda line: line.update({"mainstay.version": 7}), name)
    with pytest.raises(NotFoundError, match="has no version 7"):
        lifecycle.replay(released, name)


def test_old_and_full_segments_are_searched_by_the_time_in_the_id(released: Project) -> None:
    names = [post(released, GOOD_RECORD | {"tenure": tenure})["id"] for tenure in (1, 2, 3)]
    segments = open_log(released).segments("predictions")
    assert len(segments) == 3
    moved = segments[0].with_name("20200101T000000000000Z-1-1.jsonl")
    shutil.move(segments[0], moved)
    assert [lifecycle.replay(released, name).differs for name in names] == [None] * 3


def test_the_verb_shows_the_steps_or_json(released: Project, capsys: pytest.CaptureFixture[str]) -> None:
    name = post(released, GOOD_RECORD)["id"]
    main(["events", "replay", name, "--project", str(released.root)])
    shown = capsys.readouterr().out
    assert "comes out as it was given" in shown
    assert "prediction" in shown
    main(["events", "replay", name, "--json", "--project", str(released.root)])
    assert json.loads(capsys.readouterr().out)["steps"][0]["name"] == "bundle"
    main(["events", "replay", "--last", "5", "--json", "--project", str(released.root)])
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == [name]
    with pytest.raises(SystemExit) as leave:
        main(["events", "replay", "--project", str(released.root)])
    assert leave.value.code == 2
