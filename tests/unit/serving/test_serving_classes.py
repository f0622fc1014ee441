"""Answers with several classes: over HTTP, in a file and in the log the same, and held to the labels."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.contract import Category, Contract
from mainstay.errors import ReleaseError
from mainstay.events import open_log
from mainstay.events.window import take_window
from mainstay.measures.choices import Choices
from mainstay.models import Task
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.registry import golden_failures
from mainstay.release import open_books, other_question
from mainstay.serving import App, Served
from mainstay.serving.answers import with_scores
from mainstay.serving.batch import score_file
from mainstay.serving.cases import Case
from mainstay.serving.dataplane import ScoringError
from mainstay.serving.testing import GOOD_RECORD, TINY_CONTRACT, Got, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events import Prediction
    from mainstay.project import Project

TASK = Task(kind="multiclass", target="grade", labels=("low", "very high", "2"))
_PLAN = Labels((0.4, -0.2, 0.0))
MODEL = SoftmaxModel(
    tuple(
        LinearModel(base, (Slope(30.0, slope), Slope(64.0, 0.01 * slope), _PLAN), logistic=False)
        for base, slope in ((0.2, 0.01), (0.0, -0.03), (-0.3, 0.05))
    )
)
RECORDS = [GOOD_RECORD | {"tenure": tenure, "plan": plan} for tenure in (0, 30, 90) for plan in ("basic", "full")]


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, MODEL, task=TASK))
    return project


@pytest.fixture
def app(released: Project) -> App:
    served = Served(released, loopback=True)
    served.look()
    return App([served], loopback=True)


def expected(record: dict[str, Any]) -> list[float]:
    code = float(("basic", "full").index(record["plan"]))
    return [*MODEL.score_one(np.array([record["tenure"], record["charge"], code])).tolist()]


def test_an_answer_has_the_probability_of_each_label(app: App, ask: Callable[..., Got]) -> None:
    many = ask(app, "/predict", RECORDS).json
    for record, answer in zip(RECORDS, many, strict=True):
        assert list(answer["scores"]) == list(TASK.labels)
        assert list(answer["scores"].values()) == expected(record)
        assert sum(answer["scores"].values()) == pytest.approx(1)
        assert answer["score"] == max(answer["scores"].values()) == answer["scores"][answer["prediction"]]
        assert answer["decision"] == answer["prediction"]  # nobody said what else to do
        alone = ask(app, "/predict", record).json
        assert {**alone, "id": ""} == {**answer, "id": ""}


def test_the_answer_keeps_to_its_own_description(app: App, ask: Callable[..., Got]) -> None:
    document = ask(app, "/openapi.json").json
    schema = {**document["components"]["schemas"]["churn.Answer"], "components": document["components"]}
    for answer in ask(app, "/predict", RECORDS).json:
        jsonschema.validate(answer, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**answer, "prediction": "unheard of"}, schema)


def test_the_log_the_file_and_the_window_hold_the_same(released: Project, app: App, ask: Callable[..., Got]) -> None:
    answers = ask(app, "/predict", RECORDS).json
    told = [{"id": answer["id"], "label": label} for answer, label in zip(answers, (*TASK.labels, 2), strict=False)]
    assert ask(app, "/models/churn/feedback", told).json["accepted"] == 4
    folder = released.root.parent
    pl.DataFrame(RECORDS).write_csv(folder / "rows.csv")
    lifecycle.predict_file(released, folder / "rows.csv", folder / "out.parquet")
    scored = pl.read_parquet(folder / "out.parquet")
    for label in TASK.labels:
        assert scored[f"score {label}"].to_list() == [answer["scores"][label] for answer in answers]
    for name in ("prediction", "score", "decision"):
        assert scored[name].to_list() == [answer[name] for answer in answers]
    now = dt.datetime.now(dt.UTC)
    window = take_window(open_log(released), TINY_CONTRACT, TASK, now - dt.timedelta(hours=1), now).frame
    assert window.height == 2 * len(RECORDS)
    assert window["label"].to_list()[:5] == [0.0, 1.0, 2.0, 2.0, None]
    for label in TASK.labels:
        assert window[f"s:{label}"].to_list()[: len(RECORDS)] == [answer["scores"][label] for answer in answers]


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("very hihg", "must be one of low, very high, 2; did you mean 'very high'?"),
        (7, "must be one of low, very high, 2."),
        (True, "must be one of low, very high, 2."),
        (2, ""),
    ],
)
def test_feedback_is_held_to_the_labels(app: App, ask: Callable[..., Got], label: object, told: str) -> None:
    got = ask(app, "/models/churn/feedback", {"id": "x", "label": label})
    assert got.status == (422 if told else 200)
    if told:
        assert got.json["errors"][0]["message"] == told


def test_what_the_contract_keeps_from_the_model_is_answered_by_the_shares(
    tmp_path: Path, ask: Callable[..., Got]
) -> None:
    project = tiny_project(tmp_path)
    plan = Category(name="plan", values=("basic", "full"), unknown="fallback")
    contract = Contract((*TINY_CONTRACT.columns[:-1], plan))
    release_now(project, register_model(project, MODEL, task=TASK, contract=contract, fallback=(0.2, 0.5, 0.3)))
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    answer, other = ask(app, "/predict", [{**GOOD_RECORD, "plan": "gold"}, GOOD_RECORD]).json
    assert answer["scores"] == {"low": 0.2, "very high": 0.5, "2": 0.3}
    assert answer["prediction"] == "very high"
    assert answer["degraded"]
    assert not other["degraded"]
    explained = ask(app, "/models/churn/explain", {**GOOD_RECORD, "plan": "gold"}).json
    assert explained["explanation"]["answer"] == pytest.approx(0.5)


@pytest.mark.parametrize("value", [(0.5, 0.5), (0.2, 0.2, 0.2, 0.4)])
def test_a_model_that_gives_something_else_answers_nobody(
    tmp_path: Path, ask: Callable[..., Got], value: tuple[float, ...]
) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, ConstantModel(value), task=TASK, golden=False))
    served = Served(project, loopback=True)
    served.look()
    got = ask(App([served], loopback=True), "/predict", GOOD_RECORD)
    assert got.status == 503
    pl.DataFrame(RECORDS).write_csv(tmp_path / "rows.csv")
    with open_books(project) as books:
        bundle = books.champion()
        assert bundle is not None
        with pytest.raises(ScoringError, match="can't answer"):
            score_file(bundle, tmp_path / "rows.csv", tmp_path / "out.csv", log=books.log, books=project.books)
    assert not (tmp_path / "out.csv").exists()


def test_golden_records_hold_every_label(released: Project) -> None:
    with open_books(released) as books:
        bundle = books.champion()
        assert bundle is not None
        assert all(isinstance(one.score, tuple) and len(one.score) == 3 for one in bundle.golden)
        assert golden_failures(bundle.contract, bundle.model, bundle.golden) == ()
        wrong = SoftmaxModel(MODEL.sums[::-1])
        assert "scores" in golden_failures(bundle.contract, wrong, bundle.golden)[0]


def test_beside_the_champion_only_the_same_question_is_answered(released: Project) -> None:
    more = Task(kind="multiclass", target="grade", labels=("low", "very high", "2", "3"))
    assert other_question(TASK, TASK) == ""
    number = register_model(released, ConstantModel((0.25,) * 4), task=more)
    with pytest.raises(ReleaseError, match="predicts low, very high, 2, 3, and the champion low, very high, 2"):
        lifecycle.release(released, number, reason="try it", by="me", canary=0.1, trial=True)
    assert lifecycle.release(released, number, reason="for everybody", by="me", trial=True).champion == number


def test_costs_decide_over_http_as_in_a_table(tmp_path: Path, ask: Callable[..., Got]) -> None:
    choices = Choices(
        labels=TASK.labels,
        of_label=TASK.labels,
        actions=("pass", "look", "stop"),
        costs=((0.0, 1.0, 5.0), (2.0, 1.0, 2.0), (9.0, 2.0, 0.0)),
        idle="look",
    )
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, MODEL, task=TASK, choices=choices))
    served = Served(project, loopback=True)
    served.look()
    answers = ask(App([served], loopback=True), "/predict", RECORDS).json
    scores = np.array([list(answer["scores"].values()) for answer in answers])
    assert [answer["decision"] for answer in answers] == choices.decide_all(scores)
    assert {answer["decision"] for answer in answers} > {"look"}


@pytest.mark.parametrize("score", [1, np.float32(0.5)])
def test_a_score_that_is_one_number_of_any_kind_is_no_classes(score: Any, released: Project) -> None:
    served = Served(released, loopback=True)
    served.look()
    assert served.lineup is not None
    arm = served.lineup.champion
    (row,) = arm.decoder.decode(json.dumps(GOOD_RECORD).encode())
    events: list[Prediction] = []
    assert with_scores([Case("1", row, arm, score=score)], events) is events
