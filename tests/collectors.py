"""An OpenTelemetry collector on loopback: takes log records by OTLP over HTTP, keeps them, and can be in any mood."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType


class LogCollector:
    """Takes log records."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.resource: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.statuses: list[int] = []
        """What the next requests are answered; those after them 200."""
        self.retry_after = ""
        self.reject = 0
        """How many records of the next request are refused by a 200."""
        self.poison = ""
        """A request that holds an event of this id is answered 400."""
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def ids(self) -> list[str]:
        """Give the events' ids, in the order in which they came."""
        return [plain(record.attributes)["event.id"] for record in self.records]

    def take(self, body: bytes) -> tuple[int, bytes]:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (  # noqa: PLC0415 - an extra
            ExportLogsServiceRequest,
            ExportLogsServiceResponse,
        )

        request, told = ExportLogsServiceRequest.FromString(body), ExportLogsServiceResponse()
        if self.statuses:
            return self.statuses.pop(0), b""
        came: list[Any] = []
        for about in request.resource_logs:
            self.resource = plain(about.resource.attributes)
            came += [record for scope in about.scope_logs for record in scope.log_records]
        if self.poison and self.poison in [plain(record.attributes)["event.id"] for record in came]:
            return 400, b""
        if self.reject:
            told.partial_success.rejected_log_records = self.reject
            told.partial_success.error_message = "too old"
            came, self.reject = came[self.reject :], 0
        self.records += came
        return 200, told.SerializeToString()

    def start(self) -> None:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/logs"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                collector.headers = dict(self.headers)
                status, told = collector.take(gzip.decompress(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                if collector.retry_after and status != 200:
                    self.send_header("Retry-After", collector.retry_after)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def plain(attributes: Any) -> dict[str, Any]:
    """Give attributes as Python's values."""
    return {each.key: _plain(each.value) for each in attributes}


def _plain(value: Any) -> Any:
    match value.WhichOneof("value"):
        case "array_value":
            return [_plain(each) for each in value.array_value.values]
        case "kvlist_value":
            return plain(value.kvlist_value.values)
        case None:
            return None
        case kind:
            return getattr(value, kind)
