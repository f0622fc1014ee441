from __future__ import annotations

import sys

import pytest

from mainstay.errors import SetupError
from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.measuring.spans import Note, _attributes, open_spans
from mainstay.serving.measuring.trace import Trace

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def _nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


def test_nobody_is_told_where_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics(cells=Cells())
    assert open_spans(metrics) is None
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert open_spans(metrics) is None


def test_without_the_extra_a_project_that_wants_it_is_told_and_a_machine_that_does_still_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    metrics = Metrics(cells=Cells())
    with pytest.raises(SetupError, match=r"pip install 'mainstay\[otel\]'"):
        open_spans(metrics, "http://127.0.0.1:4318")
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4318")
    assert open_spans(metrics) is None
    assert capsys.readouterr().err.count("mainstay[otel]") == 1


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        (b"127.0.0.1:8000", "127.0.0.1", 8000),
        (b"example.com", "example.com", None),
        (b"[::1]:8000", "[::1]", 8000),
        (b"a:99999999999999999999", None, None),
        (b"", None, None),
        (b"\xff\x00:1", "\xff\x00", 1),
    ],
)
def test_what_a_host_header_says_is_taken_as_far_as_it_is_one(host: bytes, address: object, port: object) -> None:
    texts = {"method": "POST", "path": "/predict", "route": "predict", "peer": "", "request": "", "model": "churn"}
    numbers = {"status": 200, "began": 1, "ended": 2, "version": 1, "role": "champion", "records": 1, "degraded": False}
    one = Note(traced=Trace.new(), state=b"", host=host, agent=b"", **texts, **numbers)  # type: ignore[arg-type]
    told = _attributes(one)
    assert (told.get("server.address"), told.get("server.port")) == (address, port)
