"""The doors that say why: explain, and predict with reasons."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.events import Prediction, Refusal, tail
from mainstay.models import Task
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.linear import Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.policy import Policy
from mainstay.release import Route, open_books
from mainstay.serving import App, Served
from mainstay.serving.explaining import NO_REASONS
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, counted, register_model, release_now

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.model import Model
    from mainstay.project import Project
    from mainstay.serving.testing import Got


def logged(project: Project) -> list[Any]:
    with open_books(project) as books:
        return tail(books.log, 50)


def answered_by(served: Served, model: Model, **policy: Any) -> Served:
    """Let another model answer in the place of the one that was loaded."""
    lineup = served.lineup
    assert lineup is not None
    bundle = lineup.champion.bundle
    task_policy = Policy(task=bundle.policy.task, action="offer", threshold=0.3, **policy)
    arm = dataclasses.replace(lineup.champion, bundle=dataclasses.replace(bundle, model=model, policy=task_policy))
    served.lineup = dataclasses.replace(lineup, arms=(arm,), champion=arm)
    return served


class Homemade:
    """A model nobody knows how to take apart; it may be slow, or fail at many rows at once."""

    framework = "homemade"

    def __init__(self, *, slow: float = 0.0, fails: bool = False) -> None:
        self.slow, self.fails = slow, fails

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.fails:
            raise ValueError("the network is gone")
        time.sleep(self.slow * len(X))
        return TINY_MODEL.scores(X)

    def score_one(self, row: NDArray[np.float64]) -> float:
        return TINY_MODEL.score_one(row)

    def save(self, folder: object) -> None:
        del folder


def test_explain_answers_as_predict_does_and_says_why(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    plain = ask(app, "/predict", GOOD_RECORD).json
    for path in ("/explain", "/models/churn/explain"):
        got = ask(app, path, GOOD_RECORD)
        assert got.status == 200
        answer = got.json
        why = answer.pop("explanation")
        assert answer | {"id": ""} == plain | {"id": ""}
        assert why["base"] + sum(part["part"] for part in why["parts"]) == pytest.approx(why["score"])
        assert why["typical"] + sum(part["effect"] for part in why["parts"]) == pytest.approx(answer["score"])
        assert [part["feature"] for part in why["parts"]] == ["tenure", "charge", "plan"]
        assert why["parts"][2]["value"] == "basic"
        assert why["exact"]
        assert "Tenure of 3" in why["reasons"][0]["text"]


def test_an_array_is_explained_in_its_order(served: Served, ask: Callable[..., Got]) -> None:
    records = [GOOD_RECORD | {"tenure": tenure} for tenure in (1, 50, 3, 99, 0, 7)]  # more than a few
    got = ask(App([served], loopback=True), "/explain", records).json
    assert [one["explanation"]["parts"][0]["value"] for one in got] == [1, 50, 3, 99, 0, 7]
    assert [one["score"] for one in got] == pytest.approx([one["explanation"]["answer"] for one in got])


def test_another_label_can_be_asked_about(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    yes, no = (ask(app, f"/explain?label={label}", GOOD_RECORD).json["explanation"] for label in ("Yes", "No"))
    assert yes["answer"] + no["answer"] == pytest.approx(1)
    assert yes["reasons"][0]["points"] == -no["reasons"][0]["points"]


def test_predict_gives_reasons_where_they_are_asked_for(
    served: Served, released: Project, ask: Callable[..., Got]
) -> None:
    app = App([served], loopback=True)
    for query in ("explain=true", "explain=1", "explain", "other=9&explain=TRUE"):
        got = ask(app, f"/predict?{query}", GOOD_RECORD).json
        assert [reason["feature"] for reason in got["reasons"]] == ["tenure", "charge", "plan"]
        assert got["reasons"][0]["points"] == pytest.approx(11.4896)
    for query in ("explain=false", "explain=0", "", "other=9"):
        assert "reasons" not in ask(app, f"/predict?{query}", GOOD_RECORD).json
    predictions = [event for event in logged(released) if isinstance(event, Prediction)]
    assert [event.role for event in predictions] == ["champion"] * 8


def test_what_only_explains_is_in_the_log_and_counted_by_no_window(
    served: Served, released: Project, ask: Callable[..., Got]
) -> None:
    app = App([served], loopback=True)
    answer = ask(app, "/explain", GOOD_RECORD).json
    (event,) = [event for event in logged(released) if isinstance(event, Prediction)]
    assert (event.id, event.role, event.features["tenure"]) == (answer["id"], "shadow", 3)
    page = ask(app, "/metrics").body
    assert counted(page, "mainstay_requests_total", cause="", code="200", model="churn", route="explain") == 1
    assert counted(page, "mainstay_explanations_total", complete="yes", method="exact", version="1") == 1
    assert counted(page, "mainstay_explain_seconds_count", model="churn") == 1
    assert counted(page, "mainstay_predictions_total") == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/predict?explain=maybe", GOOD_RECORD, 400, "explain is 'maybe', which is neither yes nor no"),
        ("/predict?explain=%ff%00", GOOD_RECORD, 400, "neither yes nor no"),
        ("/predict?" + "a=1&" * 200, GOOD_RECORD, 400, "too many fields"),
        ("/explain?label=Perhaps", GOOD_RECORD, 400, "no label 'Perhaps'"),
        ("/explain", [GOOD_RECORD] * 101, 422, "101 records are too many"),
        ("/predict?explain=true", [GOOD_RECORD] * 101, 422, "at most 100"),
        ("/explain", GOOD_RECORD | {"tenure": "old"}, 422, "tenure"),
        ("/explain", b"{", 400, "JSON"),
    ],
)
def test_what_can_t_be_explained_is_a_sentence(  # noqa: PLR0917 - cases
    path: str, body: Any, status: int, said: str, served: Served, released: Project, ask: Callable[..., Got]
) -> None:
    got = ask(App([served], loopback=True), path, body)
    assert got.status == status
    assert said in got.json["detail"]
    (event,) = logged(released)
    assert isinstance(event, Refusal)


def test_only_post_is_understood(served: Served, ask: Callable[..., Got]) -> None:
    assert ask(App([served], loopback=True), "/explain", None, method="GET").status == 405


def test_a_slow_model_is_explained_as_far_as_the_time_goes_and_it_is_said(
    served: Served, ask: Callable[..., Got]
) -> None:
    app = App([answered_by(served, Homemade(slow=0.004))], loopback=True)
    got = ask(app, "/explain", GOOD_RECORD).json
    why = got["explanation"]
    assert not why["complete"]
    assert 1 <= why["samples"] < 64
    assert "ran out" in why["note"]
    assert why["base"] + sum(part["part"] for part in why["parts"]) == pytest.approx(why["score"])
    (warning,) = ask(app, "/predict?explain=true", GOOD_RECORD).json["warnings"]
    assert "ran out" in warning


def test_a_model_nobody_knows_is_sampled_with_its_errors(served: Served, ask: Callable[..., Got]) -> None:
    why = ask(App([answered_by(served, Homemade())], loopback=True), "/explain", GOOD_RECORD).json["explanation"]
    assert why["method"] == "sampling"
    assert why["complete"]
    assert all(part["error"] >= 0 for part in why["parts"])


def test_an_answer_that_can_t_be_explained_is_still_an_answer(
    served: Served, ask: Callable[..., Got], capsys: pytest.CaptureFixture[str]
) -> None:
    app = App([answered_by(served, Homemade(fails=True))], loopback=True)
    got = ask(app, "/predict?explain=true", GOOD_RECORD)
    assert got.status == 200
    assert got.json["reasons"] == []
    assert got.json["warnings"] == [NO_REASONS]
    assert "the network is gone" in capsys.readouterr().err
    refused = ask(app, "/explain", GOOD_RECORD)
    assert refused.status == 503
    assert "network" not in json.dumps(refused.json)


def test_each_record_is_explained_by_the_version_that_answered_it(project: Project, ask: Callable[..., Got]) -> None:
    first = register_model(project, TINY_MODEL)
    second = register_model(project, ConstantModel(0.5))
    release_now(project, first, Route(second, "canary", 0.5))
    served = Served(project, loopback=True)
    served.look()
    got = ask(App([served], loopback=True), "/explain", [GOOD_RECORD | {"customer": f"c{i}"} for i in range(30)]).json
    assert {one["version"] for one in got} == {first, second}
    for one in got:
        assert one["explanation"]["answer"] == one["score"]
        assert bool(one["explanation"]["reasons"]) == (one["version"] == first)


def test_openapi_knows_both_doors(served: Served, ask: Callable[..., Got]) -> None:
    document = ask(App([served], loopback=True), "/openapi.json").json
    for path in ("/models/churn/explain", "/explain"):
        post = document["paths"][path]["post"]
        assert post["parameters"][0]["name"] == "label"
        found = post["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
        assert found[0] == {"$ref": "#/components/schemas/churn.Explained"}
    assert document["paths"]["/predict"]["post"]["parameters"][0]["name"] == "explain"
    assert set(document["components"]["schemas"]) >= {"churn.Explained", "Explanation", "Reason"}


def test_what_comes_back_is_what_openapi_says(served: Served, ask: Callable[..., Got]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    app = App([served], loopback=True)
    document = ask(app, "/openapi.json").json
    schema = {"$ref": "#/components/schemas/churn.Explained", "components": document["components"]}
    jsonschema.validate(ask(app, "/explain", GOOD_RECORD).json, schema)
    schema["$ref"] = "#/components/schemas/churn.Answer"
    jsonschema.validate(ask(app, "/predict?explain=true", GOOD_RECORD).json, schema)


def test_several_classes_are_explained_with_their_probabilities(project: Project, ask: Callable[..., Got]) -> None:
    task = Task(kind="multiclass", target="plan", labels=("none", "small", "large"))
    sums = tuple(
        dataclasses.replace(
            TINY_MODEL, logistic=False, intercept=start, terms=(Slope(30.0, slope), *TINY_MODEL.terms[1:])
        )
        for start, slope in ((0.0, 0.0), (0.5, 0.03), (-0.5, -0.05))
    )
    release_now(project, register_model(project, SoftmaxModel(sums), task=task))
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    got = ask(app, "/explain", GOOD_RECORD).json
    assert got["explanation"]["label"] == got["prediction"]
    assert got["explanation"]["answer"] == pytest.approx(got["scores"][got["prediction"]])
    asked = ask(app, "/explain?label=none", GOOD_RECORD).json
    assert asked["explanation"]["answer"] == pytest.approx(got["scores"]["none"])
    reasoned = ask(app, "/predict?explain=true", GOOD_RECORD).json
    assert reasoned["scores"] == got["scores"]
    assert reasoned["reasons"]
