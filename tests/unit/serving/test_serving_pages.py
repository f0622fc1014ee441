from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mainstay.serving import App, Served
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    Got,
    counted,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from mainstay.project import Project


def test_models_say_who_answers(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    (row,) = ask(app, "/models").json
    assert (row["name"], row["version"], row["trial"]) == ("churn", 1, False)
    one = ask(app, "/models/churn").json
    assert [column["name"] for column in one["contract"]["columns"]] == ["customer", "tenure", "charge", "plan"]
    assert one["release"]["reason"] == "because"
    assert one["schema"]["required"] == ["tenure", "charge", "plan"]


def test_a_model_without_a_release_is_listed(project: Project, ask: Callable[..., Got]) -> None:
    app = App([Served(project, loopback=True)], loopback=True)
    assert ask(app, "/models").json[0]["version"] is None
    assert ask(app, "/models/churn").json["contract"] is None
    assert ask(app, "/openapi.json").status == 200
    assert b"No version is released yet." in ask(app, "/docs").body


def test_openapi_is_generated_from_the_contract(served: Served, ask: Callable[..., Got]) -> None:
    page = ask(App([served], loopback=True), "/openapi.json").json
    record = page["components"]["schemas"]["churn.Record"]
    assert record["properties"]["tenure"]["maximum"] == 100
    assert {"/predict", "/models/churn/predict", "/models/churn/feedback", "/readyz"} <= set(page["paths"])
    refs = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(page)))
    assert refs <= set(page["components"]["schemas"])
    assert ask(App([served], loopback=True), "/predict?explain=true", GOOD_RECORD).json.keys() == (
        page["components"]["schemas"]["churn.Answer"]["properties"].keys() - {"control"}
    )


def test_the_page_of_the_calls_fetches_nothing(served: Served, ask: Callable[..., Got]) -> None:
    got = ask(App([served], loopback=True), "/docs")
    text = got.body.decode()
    assert "/models/churn/predict" in text
    assert "tenure" in text
    assert re.search(r"customer.{0,80}id, text.{0,80}always answered by the same version", text, re.DOTALL)
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)


def test_a_call_that_names_no_model_is_told_the_addresses_where_there_are_several(
    tmp_path: Path, ask: Callable[..., Got]
) -> None:
    models = [Served(tiny_project(tmp_path, name), loopback=True) for name in ("churn", "prices")]
    got = ask(App(models, loopback=True), "/predict", GOOD_RECORD)
    assert (got.status, got.json["cure"]) == (404, "Ask one of them: /models/churn/predict, /models/prices/predict.")


def test_the_root_leads_to_the_dashboard(served: Served, ask: Callable[..., Got]) -> None:
    got = ask(App([served], loopback=True), "/")
    assert (got.status, got.headers["location"]) == (307, "http://127.0.0.1:8001/")


def test_the_root_leads_to_the_calls_where_grpc_has_the_dashboards_port(
    served: Served, ask: Callable[..., Got]
) -> None:
    app = App([served], loopback=True)
    app.rpc_port = 8001
    got = ask(app, "/")
    assert (got.status, got.headers["location"]) == (307, "/docs")


def test_metrics_count_what_happened(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    ask(app, "/predict", [GOOD_RECORD, GOOD_RECORD | {"charge": 900}])
    ask(app, "/predict", GOOD_RECORD | {"tenure": -1})
    ask(app, "/predict", {"tenure": 1, "x" * 50: 2})
    page = ask(app, "/metrics").body
    assert counted(page, "mainstay_requests_total", code="200", cause="", model="churn", route="predict") == 1
    assert counted(page, "mainstay_requests_total", code="422", cause="fields", route="predict") == 2
    assert counted(page, "mainstay_predictions_total", model="churn", role="champion", version="1") == 2
    assert counted(page, "mainstay_degraded_total", model="churn", version="1") == 1
    assert counted(page, "mainstay_refused_fields_total", model="churn", field="tenure") == 1
    assert counted(page, "mainstay_refused_fields_total", model="churn", field="plan") == 1
    assert counted(page, "mainstay_request_seconds_count", model="churn") == 1
    assert counted(page, "mainstay_request_records_sum", model="churn") == 2
    assert counted(page, "mainstay_route_weight", model="churn", role="champion", version="1") == 1


def test_several_models_have_their_own_addresses(tmp_path: Path, ask: Callable[..., Got]) -> None:
    models = []
    for name in ("churn", "credit"):
        project = tiny_project(tmp_path, name)
        release_now(project, register_model(project, TINY_MODEL))
        models.append(Served(project, loopback=True))
        models[-1].look()
    app = App(models, loopback=True)
    assert ask(app, "/models/churn/predict", GOOD_RECORD).status == 200
    assert ask(app, "/models/credit/predict", GOOD_RECORD).status == 200
    assert ask(app, "/predict", GOOD_RECORD).status == 404


def test_a_fault_of_ours_tells_the_caller_nothing(
    served: Served, ask: Callable[..., Got], capsys: pytest.CaptureFixture[str]
) -> None:
    app = App([served], loopback=True)
    app.router.exact["/predict"] = None.__class__  # type: ignore[assignment]  # something that can't be called so
    got = ask(app, "/predict", GOOD_RECORD)
    assert got.status == 500
    assert b"NoneType" not in got.body
    assert "please report it" in capsys.readouterr().err
