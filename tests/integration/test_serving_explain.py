"""Explanations from a real server, and their page in a real browser."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay import lifecycle
from mainstay.events import Prediction, open_log, tail
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.serving.testing import GOOD_RECORD, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
HEAVY = ("sklearn", "scipy", "pandas", "polars", "torch", "numba", "matplotlib", "catboost")


@pytest.fixture(scope="module")
def trees() -> LightGBMModel:
    import lightgbm  # noqa: PLC0415 - slow to import

    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 72, 800), rng.gamma(3, 25, 800), rng.integers(0, 2, 800)]).astype(float)
    y = rng.random(800) < 1 / (1 + np.exp(0.05 * X[:, 0] - 1 - 0.8 * (X[:, 2] == 0)))
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    return LightGBMModel(lightgbm.train(options, lightgbm.Dataset(X, label=y), 60).model_to_string())


@pytest.fixture(scope="module")
def project(trees: LightGBMModel, tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = tiny_project(tmp_path_factory.mktemp("explained"))
    release_now(made, register_model(made, trees))
    return made


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[TestServer]:
    with TestServer.start(project) as started:
        started.wait("/readyz")
        yield started


def test_trees_are_explained_over_the_wire_without_a_training_stack(server: TestServer, trees: LightGBMModel) -> None:
    answer = server.post("/explain", GOOD_RECORD).json
    why = answer["explanation"]
    row = np.array([GOOD_RECORD["tenure"], GOOD_RECORD["charge"], 0.0])
    assert answer["score"] == trees.score_one(row)
    assert why["method"] == "exact"
    assert why["base"] + sum(part["part"] for part in why["parts"]) == pytest.approx(why["score"], abs=1e-9)
    assert 1 / (1 + math.exp(-why["score"])) == pytest.approx(answer["score"], abs=1e-9)
    assert server.post("/predict?explain=true", GOOD_RECORD).json["reasons"] == why["reasons"]
    mapped = Path(f"/proc/{server.process.pid}/maps")
    if mapped.is_file():
        held = mapped.read_text()
        assert "lib_lightgbm" in held
        assert [name for name in HEAVY if f"/{name}/" in held] == []


def test_explained_and_plain_answers_in_turns_are_each_what_they_were_asked_for(server: TestServer) -> None:
    connection = server.connection()
    body = b'{"tenure": 3, "charge": 29.85, "plan": "basic"}'
    told: list[bytes] = []
    for place in range(60):
        path = ("/predict", "/predict?explain=true", "/explain", "/predict?explain=maybe")[place % 4]
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told.append(answer.read())
        assert answer.status == (400 if place % 4 == 3 else 200)
    connection.close()
    assert all((b'"reasons"' in said) == (place % 4 in {1, 2}) for place, said in enumerate(told))
    assert all((b'"explanation"' in said) == (place % 4 == 2) for place, said in enumerate(told))


def test_what_was_answered_is_explained_later_from_the_log(server: TestServer, project: Project) -> None:
    answer = server.post("/predict", GOOD_RECORD | {"tenure": 41}).json
    roles = {event.role for event in tail(open_log(project), 400) if isinstance(event, Prediction)}
    assert roles <= {"champion", "shadow"}
    told = lifecycle.explain_prediction(project, answer["id"])
    assert told.same
    assert told.explanation.parts[0].value == 41


@pytest.mark.skipif(not CHROMIUM, reason="NO CHROMIUM HERE: the page was not looked at (apt-get install chromium)")
def test_the_page_of_an_explanation_is_drawn_and_fetches_nothing(project: Project, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not needed where chromium isn't there

    told = lifecycle.explain(project, [GOOD_RECORD, GOOD_RECORD | {"plan": "full"}])
    lifecycle.write_explained(told.explanations, tmp_path / "why.html", "Two customers <b>& why</b>")
    asked: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"file://{tmp_path / 'why.html'}")
        assert page.locator("h1").inner_text() == "Two customers <b>& why</b>"
        assert page.locator("svg.bars").count() == 2
        bar = page.locator("svg.bars rect").first.bounding_box()
        assert bar is not None
        assert bar["width"] > 1
        assert "chance of churn" in page.locator("li").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390  # nothing hangs out on a phone
        browser.close()
    assert asked == [f"file://{tmp_path / 'why.html'}"]
    assert complaints == []
