"""`App`: the server without a socket: its addresses, and the ASGI callable that any ASGI server can carry.

The server's own connections (`mainstay.serving.wire.direct`) call the same handlers without the detour over ASGI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.serving.arms.watch import ArmWatch
from mainstay.serving.aside import Aside
from mainstay.serving.call import Call
from mainstay.serving.doors.addresses import OtherDoors
from mainstay.serving.doors.hosts import NOWHERE
from mainstay.serving.doors.oip import Addresses
from mainstay.serving.entrance import Entrance
from mainstay.serving.guard import Guard
from mainstay.serving.hot import Hot
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.measuring.now import tell_now
from mainstay.serving.pages import Pages
from mainstay.serving.refusals import BEHIND, fault
from mainstay.serving.replies import Refused, Reply
from mainstay.serving.router import ANY, Page, Router
from mainstay.serving.turn import Turn
from mainstay.serving.wire.intake import Hung, read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mainstay.serving.doors.hosts import Hosts
    from mainstay.serving.handler import Handler
    from mainstay.serving.openapi import Describes
    from mainstay.serving.served import Served

    Scope = dict[str, Any]  # ASGI's own shape
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

_CLOSE = (b"connection", b"close")


class App:
    """The prediction server's addresses, and its ASGI callable.

    Parameters
    ----------
    models : sequence of Served
        What is served.
    loopback : bool
        Whether only this machine can reach the server.
    guard : Guard, optional
        Lets requests in; without one everybody is.
    hosts : Hosts
        Addresses that a container's host asks at.

    """

    def __init__(
        self, models: Sequence[Served], *, loopback: bool, guard: Guard | None = None, hosts: Hosts = NOWHERE
    ) -> None:
        self.models = models
        self.metrics = Metrics(lambda: tell_now(models))
        self.guard = guard or Guard()
        self.draining = False
        """Whether the server is on its way out: unready, and still answering."""
        self.closing = False
        """Whether the door is closed already: each answer is the last on its connection."""
        self.rpc_port = 0
        """Where gRPC is answered, too; 0: nowhere."""
        self.turn = Turn()
        self.router = Router()
        self._nowhere = Page(self._refuse_unknown, ANY, need="known")
        self._most = max((served.settings.max_body for served in models), default=0)
        self._patience = max((served.settings.queue_seconds for served in models), default=0.0)
        aside = Aside()
        self.hots = {
            served.name: Hot(served, self.metrics, loopback=loopback, aside=aside, turn=self.turn, guard=self.guard)
            for served in models
        }
        self._watches = [ArmWatch(served) for served in models]
        self.doors: list[Describes] = []
        """What answers other protocols than our own, and says so in OpenAPI and on the page of the calls."""
        self._add_models()
        for door in (
            Addresses(self.hots, self.metrics, lambda: self.draining),
            OtherDoors(self.hots, hosts, lambda: self.draining),
        ):
            door.add_to(self.router)
            self.doors.append(door)
        self._add_pages(Pages(models, lambda: self.draining, self.doors))

    def handler(self, path: str) -> Handler:
        """Give who answers an address."""
        return self.router.find(path) or self._nowhere

    def heed(self) -> None:
        """Tell what the operator must know; called about once a second."""
        for served in self.models:
            served.heed()
        for watch in self._watches:
            watch.look()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = Call(scope["method"], scope["path"], dict(scope["headers"]), b"", scope.get("query_string", b""))
        call.origin, call.peer = _origin(scope), (scope.get("client") or ("",))[0]
        try:
            reply = await self._answer(call, receive)
        except Hung:
            return
        headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
        if call.id is not None:
            headers.append((b"x-request-id", call.id.encode()))
        if call.traced is not None:
            headers.append((b"traceparent", call.traced.header))
        if self.closing:
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, call: Call, receive: Receive) -> Reply:
        handler = self.handler(call.path)
        try:
            self.admit(call, handler)
            if not isinstance(handler, Page):
                call.body = await read_body(call.head, receive, self._most)
            return await self.turn.wait(handler(call))
        except Refused as refused:
            return await self.turn.wait(handler.refuse(call, refused))
        except Hung:
            raise
        except Exception as error:  # noqa: BLE001 - the last net
            return self.fail(call, error)

    def fail(self, call: Call, error: Exception) -> Reply:
        """Answer where mainstay itself failed."""
        self.metrics.requests.labels("", "", "", "unknown", 500, "fault").inc()
        return fault(call, error)

    def crowded(self, handler: Handler) -> Reply | None:
        """Give what a request gets where the event loop is so far behind that nothing of it is read; None elsewhere.

        It is made before, and neither logged nor asked for its key: what turns requests away must cost less than
        answering them.
        """
        if not self.turn.lasts_longer_than(self._patience):
            return None
        self.metrics.requests.labels(handler.model, "", "", "any", BEHIND.status, "behind").inc()
        return BEHIND

    def admit(self, call: Call, handler: Handler) -> None:
        """Let a request in before anything of it is read; raises Refused."""
        try:
            self.guard.admit(call, handler.need, handler.model)
        except Refused as refused:
            if not isinstance(handler, Entrance):  # which counts what it refuses
                self.metrics.requests.labels("", "", "", "page", refused.status, refused.cause).inc()
            raise

    def _add_models(self) -> None:
        for served in self.models:
            hot = self.hots[served.name]
            for name, handler in (("predict", hot.predict), ("explain", hot.explain), ("feedback", hot.feedback)):
                self.router.add(f"/models/{served.name}/{name}", handler)
            if len(self.models) == 1:
                self.router.add("/predict", hot.predict)
                self.router.add("/explain", hot.explain)
                self.router.add("/feedback", hot.feedback)

    def _add_pages(self, pages: Pages) -> None:
        add = self.router.add_page
        add("/", lambda call: _lead(call, self.rpc_port), "open")
        add("/docs", lambda call: pages.docs(call.origin))
        add("/livez", lambda _: pages.livez(), "open")
        self.router.add("/metrics", self.metrics.page)
        add("/models", lambda _: pages.models())
        add("/openapi.json", lambda _: pages.openapi())
        add("/readyz", lambda call: pages.readyz(known=self.guard.knows(call, "read")), "open")
        for served in self.models:
            add(f"/models/{served.name}", lambda _, served=served: pages.model(served), model=served.name)  # type: ignore[misc]

    def _refuse_unknown(self, call: Call) -> Reply:
        self.metrics.requests.labels("", "", "", "unknown", 404, "address").inc()
        if call.path.startswith("/models/"):
            names = ", ".join(served.name for served in self.models)
            raise Refused(404, "model", "There is no such model, or it has no such call.", f"Served here: {names}.")
        if call.path in ("/predict", "/explain", "/feedback") and self.models:
            whose = ", ".join(f"/models/{served.name}{call.path}" for served in self.models)
            raise Refused(404, "address", f"{len(self.models)} models are served here.", f"Ask one of them: {whose}.")
        raise Refused(404, "address", "There is nothing at this address.", "See /docs.")


def _origin(scope: Scope) -> str:
    host, port = scope["server"]
    shown = f"[{host}]" if ":" in host else host
    return f"{scope['scheme']}://{shown}:{port}"


def _lead(call: Call, rpc_port: int) -> Reply:
    """Lead to the dashboard, which is at the next port unless gRPC is; then to the calls."""
    door, _, port = call.origin.rpartition(":")
    there = f"{door}:{int(port) + 1}/" if int(port) + 1 != rpc_port else "/docs"
    return Reply(307, b"", ((b"location", there.encode()),))
