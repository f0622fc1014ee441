from __future__ import annotations

import pytest

from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.testing import counted


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(cells=Cells())


def test_an_answer_is_counted_once_everywhere(metrics: Metrics) -> None:
    tally = metrics.tally("churn", 3, "champion", "predict")
    tally.answered(123_000, 1)
    tally.answered(700_000_000, 20)
    page = metrics.page.write()
    arm = {"model": "churn", "version": "3", "role": "champion"}
    assert counted(page, "mainstay_requests_total", code="200", route="predict", cause="", **arm) == 2
    assert counted(page, "mainstay_request_seconds_count", route="predict", **arm) == 2
    assert counted(page, "mainstay_request_seconds_sum", **arm) == pytest.approx(0.700123)
    assert counted(page, "mainstay_request_seconds_bucket", le="0.00015", **arm) == 1
    assert counted(page, "mainstay_request_seconds_bucket", le="0.0001", **arm) == 0
    assert counted(page, "mainstay_request_seconds_bucket", le="1.0", **arm) == 2
    assert counted(page, "mainstay_request_records_sum", model="churn", route="predict") == 21
    assert counted(page, "mainstay_request_records_bucket", le="1.0") == 1
    assert counted(page, "mainstay_request_records_bucket", le="20.0") == 2
    assert counted(page, "mainstay_predictions_total", **arm) == 21


def test_an_array_two_arms_answer_is_one_request_and_each_has_its_records(metrics: Metrics) -> None:
    champion = metrics.tally("churn", 3, "champion", "predict")
    canary = metrics.tally("churn", 4, "canary", "predict")
    champion.answered(1_000_000, 10, elsewhere=4)
    canary.joined(4)
    page = metrics.page.write()
    assert counted(page, "mainstay_requests_total", code="200") == 1
    assert counted(page, "mainstay_request_records_sum") == 10
    assert counted(page, "mainstay_predictions_total", version="3") == 6
    assert counted(page, "mainstay_predictions_total", version="4") == 4


@pytest.mark.parametrize("route", ["explain", "feedback"])
def test_what_only_explains_or_takes_is_no_prediction(metrics: Metrics, route: str) -> None:
    metrics.tally("churn", "", "", route).answered(1000, 5)
    page = metrics.page.write()
    assert counted(page, "mainstay_requests_total", route=route, code="200") == 1
    assert counted(page, "mainstay_predictions_total") == 0


def test_the_largest_latency_has_a_bucket(metrics: Metrics) -> None:
    metrics.tally("churn", 1, "champion", "predict").answered(10**12, 1)
    page = metrics.page.write()
    assert counted(page, "mainstay_request_seconds_bucket", le="10.0") == 0
    assert counted(page, "mainstay_request_seconds_bucket", le="+Inf") == 1
