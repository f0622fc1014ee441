"""uvicorn's HTTP protocol, with a limit on what a head may hold and a clock on every sender."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

    Whoever begins a request must finish it within a time (`expire`, called now and then), and may not begin it with
    an endless head. `max_head` is set once per process.
    """

    max_head = 64 * 1024
    keep_alive = 75.0
    """Seconds a connection may be idle between two requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection is for sending something."""
        super().connection_made(transport)
        self.waits_since: float | None = self.loop.time()
        self.idle_since: float | None = None
        self.in_head = True
        self.head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless the head has grown too long."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing is spoken here but HTTP/1.1: what was asked over it is answered
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if self.in_head:
            self.head_bytes += len(data)
            if self.head_bytes > self.max_head and not self.transport.is_closing():
                self._refuse(Refused(431, "head", f"The headers are longer than {self.max_head} bytes.", "Send fewer."))

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        self.begin_head()

    def begin_head(self) -> None:
        """Start the clock of a request."""
        self.in_head = True
        self.head_bytes = 0
        self.waits_since = self.loop.time()
        self.idle_since = None

    def on_headers_complete(self) -> None:
        """Note that the head is over."""
        self.in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is our turn."""
        super().on_message_complete()
        self.waits_since = None

    def on_response_complete(self) -> None:
        """Be idle, or answer what is waiting behind; one clock for all connections takes the place of a timer each."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self.idle_since = self.loop.time()

    def expire(self, before: float) -> None:
        """Close the connection, if its sender has kept us waiting since before a time (of the loop's clock)."""
        idle = self.idle_since
        if idle is not None and self.waits_since is None and idle < self.loop.time() - self.keep_alive:
            self.transport.close()
        if self.waits_since is None or self.waits_since > before or self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        silent = self.in_head and not self.head_bytes
        if silent or (cycle is not None and cycle.response_started and not cycle.response_complete):
            self.transport.close()
        else:
            self._refuse(Refused(408, "slow", "The request didn't arrive in time.", "Send it faster."))

    def send_400_response(self, msg: str) -> None:
        """Refuse what isn't HTTP."""
        self._refuse(Refused(400, "http", msg, "Send a well-formed HTTP/1.1 request."))

    def _refuse(self, refused: Refused) -> None:
        reply = refused.reply()
        lines = [b"HTTP/1.1 %d %s" % (reply.status, _phrase(refused)), b"connection: close"]
        lines += [b"%s: %s" % header for header in reply.headers]
        lines.append(b"content-length: %d" % len(reply.body))
        self.transport.write(b"\r\n".join([*lines, b"", reply.body]))
        self.transport.close()


def _phrase(refused: Refused) -> bytes:
    return HTTPStatus(refused.status).phrase.encode()
