"""uvicorn's HTTP protocol, with a limit on what a client may hold, and a clock on every sender and reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mainstay.serving.guard.head import drawn, head_fault, too_long, without_upgrade
from mainstay.serving.replies import RETRY, Refused

if TYPE_CHECKING:
    import asyncio

    from mainstay.serving.wire.intake import Head

_LINGER = 2.0  # seconds in which a client may read our last word, while we read what it still sends
_LEAST = 1024  # bytes of an answer a reader must take within a second to count as reading
_PIPELINED = 100
_ALLOW = ((b"allow", b"GET, HEAD, POST"),)


class _StopError(Exception):
    """Ends the parser's work on what was received."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

    Whoever begins a request must finish it within a time, and whoever gets an answer must take it (`expire`, called
    now and then). Answers go out in the order of their requests, a refusal of what isn't HTTP too: a proxy that sends
    requests of several clients over one connection must never give one the answer of another. The limits are set once
    per process.
    """

    max_head = 64 * 1024
    max_connections = 4096
    keep_alive = 75.0
    """Seconds a connection may be idle between two requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection is for sending something."""
        super().connection_made(transport)
        self.waits_since: float | None = self.loop.time()
        self.in_head = True
        self.head_bytes = 0
        self._begun = False
        """Whether a request is being received."""
        self._current: Any = None
        """The cycle of the request that is being received, once its head is complete."""
        self._deaf = False
        """Whether nothing more is read: the last word was said, or waits for earlier answers."""
        self._why: Refused | None = None
        self._last: Refused | None = None
        self._left: float | None = None
        self.idle_since: float | None = None
        self.upgrading = False
        """Whether the head that was read wishes for another protocol, and is to be read again without the wish."""
        self._fed = 0
        self._completed = False
        """Whether what came last completed a request."""
        self._unsent, self._unsent_since = 0, self.loop.time()
        if len(self.connections) > self.max_connections:
            said = f"{self.max_connections} connections are open, and no more are taken."
            self._refuse(Refused(503, "connections", said, "Try again, and keep connections open.", headers=RETRY))

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless it isn't HTTP or goes on for too long."""
        if self._deaf:
            return
        amid = self._begun and self.in_head
        self._fed = len(data) if not amid else self._fed + len(data)
        self._completed = False
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._why or Refused(400, "http", "This is no HTTP.", "Send a well-formed HTTP/1.1 request."))
            return
        if amid and self.in_head and self._begun:
            self.head_bytes += len(data)
            if self.head_bytes > self.max_head:
                self._refuse(too_long(self.max_head))
        elif not (self._begun or self._completed) and self.waits_since is None:
            self.waits_since = self.loop.time()  # line feeds between requests begin none, and must not go on forever

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self.begin_head()
        super().on_message_begin()

    def begin_head(self) -> None:
        """Start the clock of a request, unless no more are taken."""
        if self.transport.is_closing():
            raise _StopError
        if len(self.pipeline) >= _PIPELINED:
            self._stop(Refused(429, "pipeline", "Too many requests wait on this connection.", "Wait for answers."))
        self._begun = self.in_head = True
        self._current = None
        self.head_bytes = 0
        self.waits_since = self.loop.time()
        self.idle_since = None

    def on_headers_complete(self) -> None:
        """Look at the head, then take the request."""
        self.in_head = False
        head = dict(self.headers)
        version = self.parser.get_http_version()
        plain = version == "1.1" and len(head) == len(self.headers) and b"host" in head
        if not plain or b"transfer-encoding" in head or self._fed > self.max_head:
            fault = head_fault(version, self.url, self.headers, size=self._fed, most=self.max_head)
            if fault is not None:
                self._stop(fault)
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                self._stop(Refused(405, "method", "This is no proxy.", "Use GET or POST.", headers=_ALLOW))
            self.upgrading = True  # and the parser stops after this head
            return
        self.take(head)
        self._current = self.cycle

    def take(self, head: Head) -> None:
        """Take a request whose head is complete and sound."""
        del head
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Gather the body."""
        if not self.upgrading:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is our turn."""
        if not self.upgrading:
            self.note_complete()
            super().on_message_complete()

    def note_complete(self) -> None:
        """Note that a request is here."""
        self._begun = False
        self._completed = self.in_head = True
        self.waits_since = None

    def on_response_complete(self) -> None:
        """Go on with what waits, and say the last word once nothing does."""
        due = not self.pipeline
        if due and not self.transport.is_closing():
            # One clock for all connections takes the place of a timer each.
            self.server_state.total_requests += 1
            if self.flow.read_paused:
                self.flow.resume_reading()
            self.idle_since = self.loop.time()
        else:
            super().on_response_complete()
        if self._last is not None and due:
            self._say(self._last)
        elif self.flow.write_paused:
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        """Take no more requests from a client that doesn't take its answers."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self.flow.resume_reading()

    def expire(self, before: float) -> None:
        """Close the connection, if its client has kept us waiting since before a time (of the loop's clock)."""
        cycle: Any = self.cycle
        if self._left is not None:
            if self._left < self.loop.time() - _LINGER:
                self.transport.abort()
            return
        if self._stuck(before):
            self.transport.abort()
            return
        idle = self.idle_since
        if idle is not None and self.waits_since is None and idle < self.loop.time() - self.keep_alive:
            self.transport.close()
        if self.waits_since is None or self.waits_since > before or self.transport.is_closing():
            return
        if self._begun:
            self._refuse(Refused(408, "slow", "The request didn't arrive in time.", "Send it faster."))
        elif cycle is None or cycle.response_complete:
            self.transport.close()

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as wish:
                # The parser takes the rest for another protocol. We don't speak any: read the request without the wish.
                data = self._rewritten() + data[wish.args[0] :]
            else:
                return

    def _rewritten(self) -> bytes:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        self.parser = httptools.HttpRequestParser(self)
        self.upgrading = False
        return without_upgrade(method, self.url, version, self.headers)

    def _stop(self, why: Refused) -> None:
        self._why = why
        raise _StopError

    def _refuse(self, refused: Refused) -> None:
        """Say a last word, after what was asked before is answered."""
        if self._deaf:
            return
        self._deaf = True
        current: Any = self._current if self._begun else None
        cycle: Any = self.cycle
        self.waits_since = None
        if current is None:
            owed = cycle is not None and not cycle.response_complete
        else:
            owed = bool(self.pipeline) and self.pipeline[0][0] is current
            if owed:
                self.pipeline.popleft()
        if owed:
            self._last = refused
        elif current is not None and current.response_started:
            self.transport.close()
        else:
            if current is not None:  # whoever is at it already must not answer as well
                current.disconnected = True
                current.message_event.set()
            self._say(refused)

    def _say(self, refused: Refused) -> None:
        transport = self.transport
        if transport.is_closing():
            return
        transport.write(drawn(refused, self.server_state.default_headers))
        if transport.can_write_eof():
            # Whoever still sends would get a reset in the middle of our answer; so what it sends is read a while.
            transport.write_eof()
            self._left = self.loop.time()
        else:
            transport.close()

    def _stuck(self, before: float) -> bool:
        size, now = self.transport.get_write_buffer_size(), self.loop.time()
        if size <= max(0, self._unsent - _LEAST):
            self._unsent_since = now
        self._unsent = size
        return size > 0 and self._unsent_since < before
