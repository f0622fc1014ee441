from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.events import open_log
from mainstay.events.table.shipping import ship
from mainstay.release import Route
from mainstay.serving import App
from mainstay.serving.testing import GOOD_RECORD, TINY_CONTRACT, TINY_MODEL, counted, register_model, release_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project
    from mainstay.serving import Served
    from mainstay.serving.testing import Got


def test_each_arm_has_its_records_and_a_request_is_one(
    released: Project, served: Served, ask: Callable[..., Got]
) -> None:
    release_now(released, 1, Route(register_model(released, TINY_MODEL), "canary", 0.5))
    served.look()
    app = App([served], loopback=True)
    got = ask(app, "/predict", [GOOD_RECORD | {"customer": f"c{number}"} for number in range(40)])
    by = {version: sum(each["version"] == version for each in got.json) for version in (1, 2)}
    assert all(by.values())
    page = app.metrics.page.write()
    assert counted(page, "mainstay_requests_total") == counted(page, "mainstay_requests_total", code="200") == 1
    assert counted(page, "mainstay_request_records_sum") == 40
    assert counted(page, "mainstay_predictions_total", version="1", role="champion") == by[1]
    assert counted(page, "mainstay_predictions_total", version="2", role="canary") == by[2]


def test_feedback_and_refusals_are_no_predictions(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    name = ask(app, "/predict", GOOD_RECORD).json["id"]
    assert ask(app, "/models/churn/feedback", {"id": name, "label": "Yes"}).status == 200
    assert ask(app, "/predict", {"tenure": -1, "charge": 1, "plan": "full", "x" * 50: 1}).status == 422
    assert ask(app, "/predict", b"{").status == 400
    page = app.metrics.page.write()
    assert counted(page, "mainstay_predictions_total") == 1
    assert counted(page, "mainstay_requests_total", route="feedback", code="200", version="") == 1
    assert counted(page, "mainstay_requests_total", route="predict", code="422", cause="fields") == 1
    assert counted(page, "mainstay_requests_total", route="predict", code="400", cause="syntax") == 1
    assert counted(page, "mainstay_refused_fields_total", field="tenure") == 1
    assert b"xxxx" not in page  # what a caller sends is no label


def test_what_alerts_look_at_is_there_before_anything_happens(served: Served) -> None:
    page = App([served], loopback=True).metrics.page.write()
    assert page.count(b'\nmainstay_events_lost_total{model="churn"') == 3
    assert page.count(b'\nmainstay_swaps_total{model="churn"') == 2
    assert counted(page, "mainstay_ready", model="churn") == 1
    assert counted(page, "mainstay_release_info", version="1", release="1", kind="release", trial="no") == 1
    assert counted(page, "mainstay_model_loaded_timestamp_seconds") > 1.7e9
    assert counted(page, "mainstay_release_timestamp_seconds") > 1.7e9


def test_lines_that_were_damaged_are_counted_once_they_were_shipped(
    released: Project, served: Served, ask: Callable[..., Got]
) -> None:
    app = App([served], loopback=True)
    ask(app, "/predict", [GOOD_RECORD] * 5)
    page = app.metrics.page.write()
    assert counted(page, "mainstay_events_damaged", stream="predictions") == 0
    log = open_log(released)
    (path,) = log.segments("predictions")
    served.close()  # nothing more is written there
    data = path.read_bytes()
    place = data.index(b"champion", data.index(b"\n"))  # in the second line
    path.write_bytes(data[:place] + b"X" + data[place + 1 :])
    assert ship(log, contract_of=lambda _: TINY_CONTRACT).damaged == 1
    assert counted(app.metrics.page.write(), "mainstay_events_damaged", stream="predictions") == 1
