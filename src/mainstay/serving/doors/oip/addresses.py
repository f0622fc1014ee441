"""The protocol's addresses over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import msgspec

from mainstay.extras import own_version
from mainstay.serving.doors.oip.describing import describe_server
from mainstay.serving.doors.oip.door import OipDoor
from mainstay.serving.doors.oip.metadata import PLATFORM
from mainstay.serving.doors.oip.reply import write_refusal
from mainstay.serving.doors.oip.repository import EXTENSIONS, Repository
from mainstay.serving.replies import Refused, Reply, json_reply, method_refused
from mainstay.serving.router import ANY, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mainstay.serving.call import Call
    from mainstay.serving.guard import Need
    from mainstay.serving.handler import Handler
    from mainstay.serving.hot import Hot
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.openapi.parts import Described
    from mainstay.serving.router import Router

_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]*))?(?:/([a-z/]+))?")
_LOAD = re.compile(r"/v2/repository/models/[^/]+/(load|unload)")
LOAD = (
    "Models aren't loaded or unloaded by clients: who answers is changed by releases, which stay on record.",
    "Run `mainstay release VERSION` in the model's project; the server takes it up in a second.",
)
"""Why a model isn't loaded on demand, and what does it."""
ABSENT = {
    "stats": ("There are no statistics of this form here.", "Counts and times are at GET /metrics, for Prometheus."),
    "trace": ("Tracing isn't set by clients here.", "Send a W3C traceparent with the request; it is kept in the log."),
    "logging": ("Logging isn't set by clients here.", "It is a setting of the project: [events] in mainstay.toml."),
    "systemsharedmemory": ("Shared memory isn't used here.", "Send tensors in the request."),
    "cudasharedmemory": ("Shared memory isn't used here.", "Send tensors in the request."),
}
"""What other servers have at an address, and this one doesn't."""


class OipPage(Page):
    """An address that is only read, and refuses in the protocol's form."""

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """Refuse with ``{"error": ...}``."""
        del call
        return write_refusal(refused)


class OipIndex:
    """``POST /v2/repository/index``: which versions are there."""

    need: Need = "read"
    model = ""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def __call__(self, call: Call) -> Reply:
        """Answer; ``{"ready": true}`` asks for those that answer alone."""
        try:
            if call.method != "POST":
                raise method_refused(call.method, "POST")
            return json_reply(self._repository.index(ready=_only_ready(call.body)))
        except Refused as refused:
            return self.refuse(call, refused)

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """Refuse with ``{"error": ...}``."""
        del call
        return write_refusal(refused)


class _Wish(msgspec.Struct, frozen=True):
    ready: bool = False


def _only_ready(body: bytes) -> bool:
    try:
        return bool(body) and msgspec.json.decode(body, type=_Wish).ready
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(
            400, "syntax", "The body is no request for the index.", 'Send {"ready": true}, or nothing.'
        ) from None


class Addresses:
    """Finds who answers an address of the protocol.

    Parameters
    ----------
    hots : mapping of str to Hot
        The models, by name.
    metrics : Metrics
        Where addresses that lead nowhere are counted.
    draining : callable
        Whether the server is on its way out.

    """

    def __init__(self, hots: Mapping[str, Hot], metrics: Metrics, draining: Callable[[], bool]) -> None:
        self._models = [hot.served for hot in hots.values()]
        self._repository = Repository({served.name: served for served in self._models})
        self._infer = {name: hot.through(OipDoor(name)) for name, hot in hots.items()}
        self._metrics = metrics
        self._draining = draining
        version = own_version()
        self._server = {"name": PLATFORM, "version": version, "extensions": EXTENSIONS}

    def add_to(self, router: Router) -> None:
        """Answer the protocol's addresses."""
        router.add("/v2", OipPage(lambda _: json_reply(self._server)))
        router.add("/v2/health/live", OipPage(lambda _: json_reply({"live": True}), need="open"))
        ready = OipPage(lambda _: self._ready(ready=self._repository.ready()), need="open")
        router.add("/v2/health/ready", ready)
        router.add("/v2/repository/index", OipIndex(self._repository))
        for name, infer in self._infer.items():
            router.add(f"/v2/models/{name}/infer", infer)
        router.add_finder(self.find)

    def describe(self) -> Described:
        """Say which calls there are, for OpenAPI and the page of the calls."""
        return describe_server(self._models)

    def find(self, path: str) -> Handler | None:
        """Find who answers an address with a part that varies."""
        if not path.startswith("/v2/"):
            return None
        found = _MODEL.fullmatch(path)
        if found is not None and path != "/v2/models/stats":
            return self._of_model(found[1], found[2] or "", found[3] or "")
        if _LOAD.fullmatch(path):
            return OipPage(lambda _: _refuse(403, "load", LOAD), ("POST",), need="known")
        return self._absent(path)

    def _of_model(self, name: str, version: str, what: str) -> Handler:
        repository = self._repository
        if name not in self._infer:
            return OipPage(lambda _: self._no_model(name), ANY, need="known")
        if what == "infer":
            return self._infer[name]
        pages: dict[str, Callable[[Call], Reply]] = {
            "": lambda _: json_reply(repository.metadata(name, version)),
            "config": lambda _: json_reply(repository.config(name, version)),
            "ready": lambda _: self._ready(ready=repository.model_ready(name, version)),
        }
        return OipPage(pages[what], model=name) if what in pages else self._absent(what)

    def _absent(self, path: str) -> Handler:
        words = set(path.split("/"))
        for word, told in ABSENT.items():
            if word in words:
                return OipPage(lambda _, told=told: _refuse(404, "absent", told), ANY, need="known")  # type: ignore[misc]
        return OipPage(lambda _: self._nowhere(), ANY, need="known")

    def _ready(self, *, ready: bool) -> Reply:
        told = ready and not self._draining()
        return json_reply({"ready": told}, 200 if told else 503)

    def _no_model(self, name: str) -> Reply:
        self._metrics.requests.labels("", "", "", "unknown", 404, "model").inc()
        return json_reply(self._repository.metadata(name, ""))  # refuses

    def _nowhere(self) -> NoReturn:
        self._metrics.requests.labels("", "", "", "unknown", 404, "address").inc()
        _refuse(404, "address", ("There is nothing at this address.", "See /docs."))


def _refuse(status: int, cause: str, told: tuple[str, str]) -> NoReturn:
    raise Refused(status, cause, *told)
