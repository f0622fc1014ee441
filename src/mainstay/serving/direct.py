"""`DirectProtocol`: a whole request is answered where it arrives, without the detour over ASGI.

uvicorn's protocol parses, keeps connections alive, drains and limits; this one only takes the way between a parsed
request and its bytes. Measured with everything else equal, ASGI's messages, its scope and the task for each request
cost as much as validating, scoring and logging one record (``benchmarks/serving``). It takes requests that are plain:
a POST to an address that is always the same, with a length, alone on its connection. All others go by ASGI, to the
same handlers.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mainstay.serving.app import fault_reply
from mainstay.serving.call import Call
from mainstay.serving.protocol import GuardedProtocol
from mainstay.serving.replies import Reply

if TYPE_CHECKING:
    from mainstay.serving.app import App
    from mainstay.serving.handler import Handler, Outcome

_LARGEST = 1 << 20  # bytes of a body that is gathered here; larger ones arrive in pieces by ASGI, with its flow control
_DETOUR = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"})


class Direct:
    """One request on its way; what uvicorn asks of its own cycle of request and response."""

    __slots__ = ("body", "call", "disconnected", "keep_alive", "protocol", "response_complete", "response_started")

    def __init__(self, protocol: DirectProtocol, call: Call, *, keep_alive: bool) -> None:
        self.protocol = protocol
        self.call = call
        self.keep_alive = keep_alive
        self.body: list[bytes] = []
        self.disconnected = self.response_started = self.response_complete = False

    @property
    def message_event(self) -> Direct:
        """What uvicorn wakes up whoever reads the body with; nobody waits for it here."""
        return self

    def set(self) -> None:
        """Wake up nobody."""

    def send(self, reply: Reply) -> None:
        """Send the reply."""
        self.protocol.reply(self, reply)


class DirectProtocol(GuardedProtocol):
    """One connection. `served_by` is set once per process."""

    served_by: ClassVar[App]
    direct: ClassVar[dict[bytes, tuple[str, Handler]]]
    """Handlers by their addresses as they are sent."""

    @classmethod
    def serve(cls, app: App) -> None:
        """Let an app answer all connections."""
        cls.served_by = app
        cls.direct = {path.encode(): (path, handler) for path, handler in app.router.exact.items()}

    def on_headers_complete(self) -> None:
        """Take the direct way where the request is plain."""
        found = self._plain()
        if found is None:
            super().on_headers_complete()
            return
        self.in_head = False
        (path, handler), query, head = found
        call = Call("POST", path, head, b"", query)
        self._handler = handler
        self.cycle = Direct(self, call, keep_alive=self.parser.should_keep_alive())  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """Gather the body."""
        cycle: Any = self.cycle
        if type(cycle) is Direct and not cycle.response_complete:
            cycle.body.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer."""
        cycle: Any = self.cycle
        if type(cycle) is not Direct or cycle.response_started:
            super().on_message_complete()
            return
        self.waits_since = None
        cycle.response_started = True
        call = cycle.call
        call.body = cycle.body[0] if len(cycle.body) == 1 else b"".join(cycle.body)
        self._answer(cycle, self._handler)

    def reply(self, cycle: Direct, reply: Reply) -> None:
        """Send a reply, and be ready for the next request."""
        if cycle.disconnected or cycle.response_complete:
            return
        app = self.served_by
        if app.closing:
            cycle.keep_alive = False
        lines = [STATUS_LINE[reply.status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        for name, value in reply.headers:
            lines += (name, b": ", value, b"\r\n")
        if cycle.call.id is not None:
            lines += (b"x-request-id: ", cycle.call.id.encode(), b"\r\n")
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        lines += (b"content-length: %d\r\n\r\n" % len(reply.body), reply.body)
        self.transport.write(b"".join(lines))
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _plain(self) -> tuple[tuple[str, Handler], bytes, dict[bytes, bytes]] | None:
        """Find who answers, where the request is a plain one."""
        if self.parser.get_method() != b"POST":
            return None
        address, _, query = self.url.partition(b"?")
        found = self.direct.get(address)
        before: Any = self.cycle
        if found is None or (before is not None and not before.response_complete):
            return None
        head = dict(self.headers)
        length = head.get(b"content-length")
        if length is None or int(length) > _LARGEST or not _DETOUR.isdisjoint(head):
            return None
        return None if self.parser.get_http_version() != "1.1" else (found, query, head)

    def _answer(self, cycle: Direct, handler: Handler) -> None:
        try:
            outcome = handler(cycle.call)
        except Exception as error:  # noqa: BLE001 - the last net
            self.reply(cycle, fault_reply(cycle.call, error))
            return
        if isinstance(outcome, Awaitable):
            task = self.loop.create_task(self._later(cycle, outcome))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif isinstance(outcome, Reply):
            self.reply(cycle, outcome)
        else:
            self.served_by.turn.add(cycle, outcome)

    async def _later(self, cycle: Direct, outcome: Awaitable[Outcome]) -> None:
        try:
            reply = await self.served_by.turn.wait(outcome)
        except Exception as error:  # noqa: BLE001 - the last net
            reply = fault_reply(cycle.call, error)
        self.reply(cycle, reply)
