"""The control share, the sampled log, and what else a line of the log holds beside the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.events import Prediction, decode_event, is_kept, open_log
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.task import Task
from mainstay.release import is_control
from mainstay.serving import App, Served
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, Got, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

KEYS = [f"customer {n}" for n in range(200)]
MANY = [GOOD_RECORD | {"customer": key} for key in KEYS]
HALF = "[release]\ncontrol = 0.5\n"


def app_of(project: Project, model: Any = None, **kinds: Any) -> App:
    release_now(project, register_model(project, model or ConstantModel(0.9), **kinds))
    served = Served(project, loopback=True)
    served.look()
    return App([served], loopback=True)


def lines(project: Project) -> list[Prediction]:
    paths = open_log(project).segments("predictions")
    events = [decode_event(line) for path in paths for line in path.read_bytes().splitlines()]
    return [event for event in events if isinstance(event, Prediction)]


def test_who_is_in_the_control_share_is_never_acted_on(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more=HALF)
    app = app_of(project)
    answers = ask(app, "/predict", MANY).json
    held = [is_control(key, "churn", 0.5) for key in KEYS]
    assert 60 < sum(held) < 140
    assert [answer.get("control", False) for answer in answers] == held
    assert [answer["decision"] for answer in answers] == ["none" if each else "offer" for each in held]
    assert {answer["prediction"] for answer in answers} == {"Yes"}
    events = lines(project)
    assert [(event.control, event.decision, event.intended) for event in events] == [
        (True, "none", "offer") if each else (False, "offer", None) for each in held
    ]
    again = ask(app, "/predict", MANY[0]).json
    assert again.get("control", False) == held[0]


def test_who_is_held_back_is_replayed_so(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more=HALF)
    ask(app_of(project), "/predict", MANY)
    held = next(event for event in lines(project) if event.intended == "offer")
    assert lifecycle.replay(project, held.id).differs is None


def test_nothing_is_intended_where_nothing_would_have_been_done(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more=HALF)
    app = app_of(project, ConstantModel(0.01))
    assert {answer["decision"] for answer in ask(app, "/predict", MANY).json} == {"none"}
    events = lines(project)
    assert {event.intended for event in events} == {None}
    assert [event.control for event in events] == [is_control(key, "churn", 0.5) for key in KEYS]


def test_a_file_holds_back_the_same_ones(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more=HALF)
    app = app_of(project)
    over_http = {key: answer["decision"] for key, answer in zip(KEYS, ask(app, "/predict", MANY).json, strict=True)}
    pl.DataFrame(MANY).write_csv(tmp_path / "rows.csv")
    lifecycle.predict_file(project, tmp_path / "rows.csv", tmp_path / "out.parquet")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert dict(out.select("customer", "decision").iter_rows()) == over_http
    assert out["control"].to_list() == [over_http[key] == "none" for key in KEYS]
    of_file = [event for event in lines(project) if event.duration is None]
    assert [event.intended for event in of_file] == ["offer" if over_http[key] == "none" else None for key in KEYS]


def test_amounts_have_nothing_to_hold_back(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more=HALF)
    app = app_of(project, ConstantModel(7.5), task=Task(kind="regression", target="bikes"))
    answers = ask(app, "/predict", MANY).json
    assert {answer["decision"] for answer in answers} == {7.5}
    assert {event.intended for event in lines(project)} == {None}


def test_a_share_of_the_answers_is_logged_with_its_rate(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more='[events]\nmode = "sample"\nrate = 0.25\n')
    ids = [answer["id"] for answer in ask(app_of(project), "/predict", MANY).json]
    events = lines(project)
    assert [event.id for event in events] == [name for name in ids if is_kept(name, 0.25)]
    assert 20 < len(events) < 80
    assert {event.sampled for event in events} == {0.25}


def test_a_line_holds_what_was_sent_where_a_policy_stepped_in(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path)
    app = app_of(project, TINY_MODEL)
    ask(app, "/predict", GOOD_RECORD | {"charge": 900.0})
    ask(app, "/predict", GOOD_RECORD)
    clipped, plain = lines(project)
    assert (clipped.raw, clipped.features["charge"]) == ({"charge": 900.0}, 500.0)
    assert plain.raw is None


@pytest.mark.parametrize("wanted", [False, True])
def test_a_line_holds_what_the_model_saw_where_it_is_asked_for(
    tmp_path: Path, ask: Callable[..., Got], *, wanted: bool
) -> None:
    project = tiny_project(tmp_path, more=f"[events]\nencoded = {str(wanted).lower()}\n")
    ask(app_of(project, TINY_MODEL), "/predict", GOOD_RECORD)
    (event,) = lines(project)
    assert event.encoded == ((3.0, 29.85, 0.0) if wanted else None)
    if event.encoded:
        assert TINY_MODEL.score_one(np.array(event.encoded)) == event.score
