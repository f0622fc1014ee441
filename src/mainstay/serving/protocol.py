"""uvicorn's HTTP protocol, with a limit on what a head may hold and a clock on every sender."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection is for sending something."""
        super().connection_made(transport)
        self.waits_since: float | None = self.loop.time()
        self.in_head = True
        self.head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless the head has grown too long."""
        super().data_received(data)
        if self.in_head:
            self.head_bytes += len(data)
            if self.head_bytes > self.max_head and not self.transport.is_closing():
                self._refuse(Refused(431, "head", f"The headers are longer than {self.max_head} bytes.", "Send fewer."))

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        self.in_head = True
        self.head_bytes = 0
        self.waits_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Note that the head is over."""
        self.in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is our turn."""
        super().on_message_complete()
        self.waits_since = None

    def expire(self, before: float) -> None:
        """Close the connection, if its sender has kept us waiting since before a time (of the loop's clock)."""
        if self.waits_since is None or self.waits_since > before or self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        silent = self.in_head and not self.head_bytes
        if silent or (cycle is not None and cycle.response_started):
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
