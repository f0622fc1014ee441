"""A server that speaks Elasticsearch's ``_bulk``, on loopback: what a shipper sends is kept, by index and id.

``create`` of a document that is there answers 409, ``index`` overwrites it; what a mapping would refuse answers 400.
It can be away, refuse documents (429 each) or whole requests, and hang up after it has stored a request.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Document = dict[str, Any]
INFO = {"name": "tests", "cluster_name": "tests", "version": {"number": "8.17.0"}, "tagline": "You Know, for Search"}


class Elastic:
    """Takes documents.

    Parameters
    ----------
    judge : callable, optional
        Takes an index and a document, and says why the document is refused; nothing where it is fine.

    """

    def __init__(self, judge: Callable[[str, Document], str] | None = None) -> None:
        self.documents: dict[str, dict[str, Document]] = {}
        self.refused: list[tuple[str, Document]] = []
        self.conflicts = self.overwritten = self.delayed = self.requests = 0
        self.delay_next = 0
        """So many documents to come are answered 429, each by itself."""
        self.refuse_next = 0
        """So many requests to come are answered by `refuse_with` as a whole."""
        self.refuse_with = 429
        self.hang_up_next = 0
        """After so many requests to come, stored as they are, no answer follows."""
        self._judge = judge or (lambda _, __: "")
        self._lock = threading.Lock()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        """Where it answers, or will again."""
        return f"http://127.0.0.1:{self._port}"

    def ids(self) -> list[str]:
        """Give the id of each document of each index."""
        with self._lock:
            return [name for index in self.documents.values() for name in index]

    def wait(self, many: int, seconds: float = 60) -> None:
        """Wait until so many documents are there."""
        end = time.monotonic() + seconds
        while len(self.ids()) < many:
            assert time.monotonic() < end, f"{len(self.ids())} of {many} documents came, {len(self.refused)} refused"
            time.sleep(0.05)

    def start(self) -> None:
        """Answer, at the same address as before."""
        elastic = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._tell(200, INFO)

            def do_HEAD(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = zlib.decompress(body, 31)
                status, told = elastic.bulk(body) if self.path.startswith("/_bulk") else (404, {"status": 404})
                if status == 0:
                    self.close_connection = True
                    return
                self._tell(status, told)

            def _tell(self, status: int, told: dict[str, Any]) -> None:
                text = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be away; what was taken is kept."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def bulk(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answer one request; status 0: hang up."""
        with self._lock:
            self.requests += 1
            if self.refuse_next > 0:
                self.refuse_next -= 1
                return self.refuse_with, {"error": _rejected(), "status": self.refuse_with}
            lines = body.split(b"\n")
            assert lines[-1] == b"", "a bulk request ends in a line break"
            actions = zip(lines[:-1:2], lines[1::2], strict=True)
            items = [self._act(json.loads(action), json.loads(document)) for action, document in actions]
            errors = any("error" in told for item in items for told in item.values())
            if self.hang_up_next > 0:
                self.hang_up_next -= 1
                return 0, {}
            return 200, {"took": 1, "errors": errors, "items": items}

    def _act(self, action: dict[str, dict[str, str]], document: Document) -> dict[str, Any]:
        ((verb, about),) = action.items()
        assert verb in {"create", "index"}, verb
        index, name = about["_index"], about.get("_id") or f"auto-{self.requests}-{id(document)}"
        told: dict[str, Any] = {"_index": index, "_id": name}
        there = self.documents.setdefault(index, {})
        if self.delay_next > 0:
            self.delay_next -= 1
            self.delayed += 1
            return {verb: told | {"status": 429, "error": _rejected()}}
        if verb == "create" and name in there:
            self.conflicts += 1
            conflict = {"type": "version_conflict_engine_exception", "reason": f"[{name}]: document already exists"}
            return {verb: told | {"status": 409, "error": conflict}}
        if why := self._judge(index, document):
            self.refused.append((why, document))
            return {verb: told | {"status": 400, "error": {"type": "document_parsing_exception", "reason": why}}}
        self.overwritten += name in there
        there[name] = document
        return {verb: told | {"status": 201, "result": "created"}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of callers that were killed in the middle."""


def _rejected() -> dict[str, str]:
    return {"type": "es_rejected_execution_exception", "reason": "rejected execution of primary operation"}
