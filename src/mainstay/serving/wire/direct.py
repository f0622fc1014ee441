"""`DirectProtocol`: a whole request is answered where it arrives, without the detour over ASGI.

uvicorn's protocol parses, keeps connections alive, drains and limits; this one only takes the way between a parsed
request and its bytes. Measured with everything else equal, ASGI's messages, its scope and the task for each request
cost as much as validating, scoring and logging one record (``benchmarks/serving``). It takes requests that are plain:
a POST to an address that is always the same, with a length, alone on its connection. All others go by ASGI, to the
same handlers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mainstay.serving.call import Call
from mainstay.serving.handler import Held
from mainstay.serving.replies import JSON, Refused, Reply
from mainstay.serving.wire.heads import Heads, Plain
from mainstay.serving.wire.protocol import GuardedProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from mainstay.serving.app import App
    from mainstay.serving.handler import Handler, Outcome
    from mainstay.serving.replies import Headers
    from mainstay.serving.wire.intake import Head

_LARGEST = 1 << 20  # bytes of a body that is gathered here; larger ones arrive in pieces by ASGI, with its flow control
_DETOUR = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"})


class Direct:
    """One request on its way; what uvicorn asks of its own cycle of request and response."""

    __slots__ = ("body", "call", "disconnected", "keep_alive", "protocol", "response_complete", "response_started",
                 "task")  # fmt: skip

    def __init__(self, protocol: DirectProtocol, call: Call, *, keep_alive: bool) -> None:
        self.protocol = protocol
        self.call = call
        self.keep_alive = keep_alive
        self.body: list[bytes] = []
        self.disconnected = self.response_started = self.response_complete = False
        self.task: asyncio.Task[None] | None = None

    @property
    def message_event(self) -> Direct:
        """What uvicorn wakes up when the caller hangs up."""
        return self

    def set(self) -> None:
        """Give up what nobody waits for any more."""
        if self.disconnected and self.task is not None:
            self.task.cancel()

    def send(self, reply: Reply) -> None:
        """Send the reply."""
        self.protocol.reply(self, reply)


class DirectProtocol(GuardedProtocol):
    """One connection. `serve` is called once per process."""

    served_by: ClassVar[App]
    direct: ClassVar[dict[bytes, tuple[str, Handler]]]
    """Handlers by their addresses as they are sent."""
    heads: ClassVar[Heads]
    standing: ClassVar[list[tuple[bytes, bytes]] | None] = None
    standing_lines: ClassVar[bytes] = b""

    @classmethod
    def serve(cls, app: App) -> None:
        """Let an app answer all connections."""
        cls.served_by = app
        cls.heads = Heads()
        cls.direct = {path.encode(): (path, handler) for path, handler in app.router.exact.items()}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember where the caller is."""
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._plain_head: Plain | None = None

    def data_received(self, data: bytes) -> None:
        """Take in what came: a request whose head is known at once, all else by the parser."""
        before: Any = self.cycle
        between = not (self._begun or self._deaf) and (before is None or before.response_complete)
        if between and not self.transport.is_closing() and (found := self.heads.find(data)) is not None:
            self._answer_known(*found)
            return
        super().data_received(data)
        after: Any = self.cycle
        if between and type(after) is Direct and after is not before and self._plain_head is not None:
            self.heads.keep(data, self._plain_head, after.call.body)

    def on_message_begin(self) -> None:
        """Note that a request begins; what only ASGI needs is made where a request goes that way."""
        self.begin_head()
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers.append((name.lower(), value))

    def take(self, head: Head) -> None:
        """Take the direct way where the request is plain."""
        found = self._plain(head)
        if found is None:
            self._by_asgi(head)
            return
        (path, handler), query = found
        plain = Plain(path, query, handler, head, int(head[b"content-length"]), self.parser.should_keep_alive())
        self._plain_head = plain
        self._take_plain(plain)

    def _take_plain(self, plain: Plain) -> Direct:
        call = Call("POST", plain.path, plain.head, b"", plain.query)
        call.peer = self.peer
        cycle = self.cycle = Direct(self, call, keep_alive=plain.keep_alive)  # type: ignore[assignment]
        return cycle

    def _answer_known(self, plain: Plain, body: bytes) -> None:
        self.waits_since = self.idle_since = None
        self._plain_head = plain
        cycle = self._take_plain(plain)
        cycle.response_started = True
        cycle.call.body = body
        self._answer(cycle, plain.handler)

    def on_body(self, body: bytes) -> None:
        """Gather the body."""
        cycle: Any = self.cycle
        if type(cycle) is Direct and not self.upgrading:
            cycle.body.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer."""
        cycle: Any = self.cycle
        if type(cycle) is not Direct or self.upgrading:
            super().on_message_complete()
            return
        self.note_complete()
        cycle.response_started = True
        call = cycle.call
        call.body = cycle.body[0] if len(cycle.body) == 1 else b"".join(cycle.body)
        assert self._plain_head is not None  # noqa: S101 - it made the cycle
        self._answer(cycle, self._plain_head.handler)

    def reply(self, cycle: Direct, reply: Reply) -> None:
        """Send a reply, and be ready for the next request."""
        if cycle.disconnected or cycle.response_complete:
            return
        if self.served_by.closing:
            cycle.keep_alive = False
        name, traced = cycle.call.id, cycle.call.traced
        self.transport.write(
            b"%s%s%s%s%s%scontent-length: %d\r\n\r\n%s"
            % (
                STATUS_LINE[reply.status],
                self._standing(),
                _JSON_LINES if reply.headers is JSON else _joined(reply.headers),
                b"" if name is None else b"x-request-id: %s\r\n" % name.encode(),
                b"" if traced is None else b"traceparent: %s\r\n" % traced.header,
                b"" if cycle.keep_alive else b"connection: close\r\n",
                len(reply.body),
                reply.body,
            )
        )
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _standing(self) -> bytes:
        """Give the headers of every reply, which uvicorn makes anew once a second, with the date."""
        kind = type(self)
        headers = self.server_state.default_headers
        if headers is not kind.standing:
            kind.standing, kind.standing_lines = headers, _joined(tuple(headers))
        return kind.standing_lines

    def _refuse(self, refused: Refused) -> None:
        self.served_by.metrics.requests.labels("", "", "", "http", refused.status, refused.cause).inc()
        super()._refuse(refused)

    def _plain(self, head: Head) -> tuple[tuple[str, Handler], bytes] | None:
        """Find who answers, where the request is a plain one."""
        url = self.url
        found, query = self.direct.get(url), b""
        if found is None and b"?" in url:
            address, _, query = url.partition(b"?")
            found = self.direct.get(address)
        before: Any = self.cycle
        if found is None or self.parser.get_method() != b"POST" or not (before is None or before.response_complete):
            return None
        length = head.get(b"content-length")
        if length is None or int(length) > _LARGEST or not _DETOUR.isdisjoint(head):
            return None
        return None if self.parser.get_http_version() != "1.1" else (found, query)

    def _by_asgi(self, head: Head) -> None:
        """Go the long way, with what uvicorn keeps for it."""
        url, headers = self.url, self.headers
        HttpToolsProtocol.on_message_begin(self)
        self.url = url
        self.headers += headers
        self.expect_100_continue = head.get(b"expect", b"").lower() == b"100-continue"
        super().take(head)

    def _answer(self, cycle: Direct, handler: Handler) -> None:
        if (turned_away := self.served_by.crowded(handler)) is not None:
            self.reply(cycle, turned_away)
            return
        call = cycle.call
        try:
            try:
                self.served_by.admit(call, handler)
                outcome = handler(call)
            except Refused as refused:
                outcome = handler.refuse(call, refused)
        except Exception as error:  # noqa: BLE001 - the last net
            self.reply(cycle, self.served_by.fail(cycle.call, error))
            return
        if isinstance(outcome, Held):
            self.served_by.turn.add(cycle, outcome)
        elif isinstance(outcome, Reply):
            self.reply(cycle, outcome)
        else:
            task = cycle.task = self.loop.create_task(self._later(cycle, outcome))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _later(self, cycle: Direct, outcome: Awaitable[Outcome]) -> None:
        try:
            reply = await self.served_by.turn.wait(outcome)
        except Exception as error:  # noqa: BLE001 - the last net
            reply = self.served_by.fail(cycle.call, error)
        self.reply(cycle, reply)


@lru_cache(64)
def _joined(headers: Headers) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)


_JSON_LINES = _joined(JSON)
