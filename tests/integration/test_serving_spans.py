"""Spans of requests, received by an OTLP server over a real socket."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import pytest

from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    counted,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Takes spans by OTLP over HTTP, and keeps them."""

    def __init__(self) -> None:
        self.spans: list[tuple[dict[str, Any], Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(self.path, gzip.decompress(body) if self.headers["Content-Encoding"] else body)
                told = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(body)
        for about in request.resource_spans:
            resource = _plain(about.resource.attributes)
            self.spans += [(resource, span) for scope in about.scope_spans for span in scope.spans]

    def wait(self, many: int) -> list[tuple[dict[str, Any], Any]]:
        end = time.monotonic() + 15
        while len(self.spans) < many:
            assert time.monotonic() < end, f"{len(self.spans)} of {many} spans came"
            time.sleep(0.05)
        return self.spans

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., TestServer]:
    def start(address: str, *words: str) -> TestServer:
        project = tiny_project(tmp_path, more=f'[serving]\notel = "{address}"\n')
        release_now(project, register_model(project, TINY_MODEL))
        server = TestServer.start(project, words=words)
        server.wait("/readyz")
        return server

    return start


def test_each_request_is_a_span_whichever_worker_answers(
    collector: Collector, serve: Callable[..., TestServer]
) -> None:
    with serve(collector.address, "--workers", "2") as server:
        for _ in range(40):
            server.post("/predict", GOOD_RECORD)
        degraded = server.post("/predict", [GOOD_RECORD, GOOD_RECORD | {"charge": 900}], **{"X-Request-Id": "order-17"})
        refused = server.post("/predict", {}, traceparent=f"00-{TRACE}-{SPAN}-01")
        server.post("/predict", GOOD_RECORD, traceparent=f"00-{TRACE}-{SPAN}-00")  # its trace isn't recorded
        spans = collector.wait(42)
        time.sleep(1.5)
        page = server.get("/metrics").body
        assert counted(page, "mainstay_spans_total", outcome="sent") == len(spans) == 42
        assert server.terminate() == 0
    told = [_plain(span.attributes) for _, span in spans]
    assert Counter(each["http.response.status_code"] for each in told) == {200: 41, 422: 1}
    assert {resource["service.name"] for resource, _ in spans} == {"mainstay"}
    assert 1 <= len({resource["service.instance.id"] for resource, _ in spans}) <= 2
    assert len({span.span_id for _, span in spans}) == 42

    ((_, array),) = [each for each in spans if _plain(each[1].attributes).get("mainstay.request.id") == "order-17"]
    assert degraded.json[1]["degraded"]
    assert array.name == "POST /predict"
    assert array.kind == array.SPAN_KIND_SERVER
    assert 0 < array.end_time_unix_nano - array.start_time_unix_nano < 10**10
    assert abs(array.end_time_unix_nano / 1e9 - time.time()) < 600
    assert not array.parent_span_id
    found = _plain(array.attributes)
    assert found["client.address"] == "127.0.0.1"
    assert found["server.port"] == server.port
    assert {name: value for name, value in found.items() if name.startswith(("mainstay", "http", "url"))} == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "url.path": "/predict",
        "url.scheme": "http",
        "mainstay.route": "predict",
        "mainstay.request.id": "order-17",
        "mainstay.model.name": "churn",
        "mainstay.model.version": 1,
        "mainstay.model.role": "champion",
        "mainstay.records": 2,
        "mainstay.degraded": True,
    }
    assert not any(
        "29.85" in str(value) or GOOD_RECORD["customer"] in str(value) for each in told for value in each.values()
    )

    ((_, child),) = [each for each in spans if each[1].parent_span_id]
    assert (child.trace_id.hex(), child.parent_span_id.hex()) == (TRACE, SPAN)
    assert refused.headers["traceparent"] == f"00-{TRACE}-{child.span_id.hex()}-01"


def test_a_collector_that_is_down_is_counted_and_nobody_waits_for_it(
    serve: Callable[..., TestServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with serve(f"http://127.0.0.1:{free_port()}") as server:
        for _ in range(5):
            assert server.post("/predict", GOOD_RECORD).status == 200
        end = time.monotonic() + 30
        while counted(server.get("/metrics").body, "mainstay_spans_total", outcome="unsent") < 5:
            assert time.monotonic() < end
            assert server.post("/predict", {}).status == 422
            time.sleep(0.2)
        assert server.terminate() == 0
        said = server.said()
    assert said.count("can't be sent") == 1
    assert "Traceback" not in said
