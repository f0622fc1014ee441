"""A server on loopback between us and a real one, that does what goes wrong in a network when it is told to.

``fault`` is one of: ``""`` (pass everything on), ``"slow"`` (say nothing for half a minute), ``"half"`` (cut the answer
in the middle), ``"wrong"`` (change a byte of it), ``"forbid"`` (403), ``"missing"`` (404), ``"lost"`` (do it, and say
nothing), ``"refused"`` (nobody listens). It holds for paths that contain ``where``.
"""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

SLOW = 30.0
_SAID = {
    "forbid": (403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"),
    "missing": (404, b"<Error><Code>NoSuchKey</Code><Message>No such key</Message></Error>"),
}


class FaultyProxy:
    """Passes requests on to `upstream`, or doesn't; see the top of this file."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.fault = ""
        self.where = ""
        self.asked: list[str] = []
        self._ended = threading.Event()
        proxy = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with suppress(ConnectionError):
                    super().handle_one_request()

            def serve(self) -> None:
                proxy.serve(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815 - the library's names

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where to ask; nobody listens there while the fault is "refused"."""
        if self.fault == "refused":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                return f"http://127.0.0.1:{free.getsockname()[1]}"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self, door: BaseHTTPRequestHandler) -> None:
        body = door.rfile.read(int(door.headers.get("Content-Length") or 0))
        self.asked.append(f"{door.command} {door.path}")
        fault = self.fault if self.where in door.path else ""
        if fault == "slow":
            self._ended.wait(SLOW)
            door.close_connection = True
            return
        if fault in _SAID:
            status, said = _SAID[fault]
            self._answer(door, status, {"Content-Type": "application/xml"}, said)
            return
        link = http.client.HTTPConnection(self.upstream.hostname or "", self.upstream.port, timeout=20)
        link.request(door.command, door.path, body, dict(door.headers))
        response = link.getresponse()
        said = response.read()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOPS}
        link.close()
        if fault == "lost":
            door.close_connection = True
            return
        if fault == "wrong" and said:
            said = said[:-2] + bytes([said[-2] ^ 1]) + said[-1:]
        self._answer(door, response.status, headers, said, cut=fault == "half")

    def _answer(
        self, door: BaseHTTPRequestHandler, status: int, headers: dict[str, str], said: bytes, *, cut: bool = False
    ) -> None:
        door.send_response_only(status)
        length = headers.pop("Content-Length", str(len(said)))
        for name, value in {**headers, "Content-Length": length}.items():
            door.send_header(name, value)
        door.end_headers()
        if door.command != "HEAD":
            door.wfile.write(said[: len(said) // 2] if cut else said)
        door.close_connection = door.close_connection or cut

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_HOPS = {"connection", "transfer-encoding", "keep-alive"}
