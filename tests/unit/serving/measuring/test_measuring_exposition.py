from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from mainstay.serving.measuring.exposition import Writer, wants_openmetrics
from mainstay.serving.measuring.told import Told

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

TOLD = (
    Told("a_requests", "counter", "Requests.", ("code", "model"), {("200", "churn"): 3, ("404", ""): 1}),
    Told("a_level", "gauge", "Level.", (), {(): 0.25}),
    Told("a_seconds", "histogram", "Latency.", ("model",), {("churn",): [2, 1, 4, 7_500_000_000]}, 10**9, (0.5, 1.0)),
    Told("a_nothing", "counter", "Never yet.", ("model",), {}),
)


def _read(page: bytes, *, strictly: bool) -> dict[str, Metric]:
    read = openmetrics.text_string_to_metric_families if strictly else text_string_to_metric_families
    return {family.name: family for family in read(page.decode())}


@pytest.mark.parametrize("strictly", [False, True])
def test_prometheus_own_reader_reads_what_was_told(strictly: bool) -> None:
    found = _read(Writer().page(TOLD, openmetrics=strictly), strictly=strictly)
    samples = {(each.name, *sorted(each.labels.items())): each.value for one in found.values() for each in one.samples}
    assert samples == {
        ("a_requests_total", ("code", "200"), ("model", "churn")): 3,
        ("a_requests_total", ("code", "404"), ("model", "")): 1,
        ("a_level",): 0.25,
        ("a_seconds_bucket", ("le", "0.5"), ("model", "churn")): 2,
        ("a_seconds_bucket", ("le", "1.0"), ("model", "churn")): 3,
        ("a_seconds_bucket", ("le", "+Inf"), ("model", "churn")): 7,
        ("a_seconds_count", ("model", "churn")): 7,
        ("a_seconds_sum", ("model", "churn")): 7.5,
    }
    assert {name: one.type for name, one in found.items()} == {told.name: told.kind for told in TOLD}
    assert {name: one.documentation for name, one in found.items()} == {told.name: told.text for told in TOLD}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20), st.integers(0, 2**60))
def test_any_label_comes_back_as_it_was(value: str, count: int) -> None:
    told = Told("a", "counter", "Any.", ("x",), {(value,): count})
    ((sample,),) = [one.samples for one in _read(Writer().page([told]), strictly=False).values()]
    assert sample.labels == {"x": value}
    assert math.isclose(sample.value, count)


def test_a_writer_that_wrote_before_writes_the_same() -> None:
    writer = Writer()
    assert writer.page(TOLD) == writer.page(TOLD) == Writer().page(TOLD)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"", False),
        (b"*/*", False),
        (b"application/openmetrics-text", True),
        (b"text/plain;q=0.5, Application/OpenMetrics-Text; version=1.0.0", True),
        (b"application/openmetrics-textual", False),
        (b"," * 10_000 + b"application/openmetrics-text", False),
        (b"\xff\x00;;;,", False),
    ],
)
def test_openmetrics_is_for_those_who_ask(accept: bytes, wanted: bool) -> None:
    assert wants_openmetrics(accept) is wanted
