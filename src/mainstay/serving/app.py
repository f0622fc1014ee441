"""The ASGI callable: finds who answers an address, and sends the reply. Holds no logic of its own."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from mainstay.serving.aside import Aside
from mainstay.serving.call import Call
from mainstay.serving.hot import Hot
from mainstay.serving.intake import Hung
from mainstay.serving.metrics import Metrics
from mainstay.serving.pages import Pages, in_force, reached
from mainstay.serving.replies import Refused, Reply, method_refused
from mainstay.serving.served import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mainstay.serving.served import Served

    Scope = dict[str, Any]  # ASGI's own shape
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

_CLOSE = (b"connection", b"close")


class App:
    """The prediction server's ASGI callable.

    Parameters
    ----------
    models : sequence of Served
        What is served.
    loopback : bool
        Whether only this machine can reach the server.

    """

    def __init__(self, models: Sequence[Served], *, loopback: bool) -> None:
        self.models = models
        self.metrics = Metrics(lambda: in_force(models), lambda: reached(models))
        self.draining = False
        """Whether the server is on its way out: unready, and still answering."""
        self.closing = False
        """Whether the door is closed already: each answer is the last on its connection."""
        self._pages = Pages(models, self.metrics, lambda: self.draining)
        aside = Aside()
        self._hot: dict[str, Callable[[Call, Receive], Awaitable[Reply]]] = {}
        for served in models:
            hot = Hot(served, self.metrics, loopback=loopback, aside=aside)
            self._hot[f"/models/{served.name}/predict"] = hot.predict
            self._hot[f"/models/{served.name}/explain"] = hot.explain
            self._hot[f"/models/{served.name}/feedback"] = hot.feedback
            if len(models) == 1:
                self._hot["/predict"] = hot.predict
                self._hot["/explain"] = hot.explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = Call(scope["method"], scope["path"], dict(scope["headers"]), b"", scope.get("query_string", b""))
        work = self._hot.get(scope["path"])
        try:
            reply = await work(call, receive) if work else self._page(scope)
        except Hung:
            return
        except Refused as refused:
            reply = refused.reply()
        except Exception:  # noqa: BLE001 - the last net: a fault of ours is told to the operator, not to the caller
            say(f"A fault in mainstay itself, please report it: {traceback.format_exc(limit=-3)}")
            reply = Refused(500, "fault", "The server failed at this request.", "The operator's log says why.").reply()
        await self._send(call, reply, send)
        if call.after is not None:
            await call.after()

    async def _send(self, call: Call, reply: Reply, send: Send) -> None:
        headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
        if call.id is not None:
            headers.append((b"x-request-id", call.id.encode()))
        if self.closing:
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _page(self, scope: Scope) -> Reply:
        path: str = scope["path"]
        page = self._find(path, scope)
        if page is None:
            self.metrics.requests.labels("", "unknown", "404", "address").inc()
            raise self._unknown(path)
        if scope["method"] not in ("GET", "HEAD"):
            raise method_refused(scope["method"], "GET, HEAD")
        return page()

    def _find(self, path: str, scope: Scope) -> Callable[[], Reply] | None:
        pages = self._pages
        fixed: dict[str, Callable[[], Reply]] = {
            "/": lambda: _to_dashboard(scope),
            "/docs": lambda: pages.docs(_base(scope)),
            "/livez": pages.livez,
            "/metrics": pages.metrics,
            "/models": pages.models,
            "/openapi.json": pages.openapi,
            "/readyz": pages.readyz,
        }
        for served in self.models:
            fixed[f"/models/{served.name}"] = lambda served=served: pages.model(served)  # type: ignore[misc]
        return fixed.get(path)

    def _unknown(self, path: str) -> Refused:
        if path.startswith("/models/"):
            names = ", ".join(served.name for served in self.models)
            return Refused(404, "model", "There is no such model, or it has no such call.", f"Served here: {names}.")
        return Refused(404, "address", "There is nothing at this address.", "See /docs.")


def _base(scope: Scope) -> str:
    host, port = scope["server"]
    shown = f"[{host}]" if ":" in host else host
    return f"{scope['scheme']}://{shown}:{port}"


def _to_dashboard(scope: Scope) -> Reply:
    host, port = scope["server"]
    shown = f"[{host}]" if ":" in host else host
    address = f"{scope['scheme']}://{shown}:{port + 1}/"
    return Reply(307, b"", ((b"location", address.encode()),))
