"""`Spans`: one OpenTelemetry span per request, sent by OTLP over HTTP from a thread of its own.

Of a request only a note is made, once the answer is out. The thread makes a span of it, asks the sampler that the
environment names (without one: what the caller's ``traceparent`` says, else all), and sends. What can't be sent is
counted; so is what there is no time for, as the thread takes a fifth of the worker's time at most. The environment's
variables ``OTEL_*`` hold as everywhere. Needs the extra ``otel``.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.errors import SetupError
from mainstay.extras import need
from mainstay.serving.measuring.trace import Trace
from mainstay.serving.served import Seldom, say

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from mainstay.serving.handler import Held
    from mainstay.serving.measuring.metrics import Metrics

MOST = 4096
"""Requests that wait to be sent; those beyond are counted as lost."""
_AT_ONCE = 128
_BIT = 16  # notes that are worked on at a time, for half a millisecond
_PAUSE = 4  # times as long as it worked, the thread rests: a fifth of the time at most is taken from the answers
_EVERY = 1.0  # seconds
_SENT = "v1/traces"
_HOST = re.compile(r"(\[[0-9a-fA-F:.]{1,60}\]|[^:\[\]]{1,255})(?::([0-9]{1,5}))?")


class Note(msgspec.Struct, frozen=True):
    """What a span is made of; no value of any record."""

    traced: Trace
    state: bytes
    method: str
    path: str
    route: str
    host: bytes
    agent: bytes
    peer: str
    request: str
    model: str
    status: int
    began: int
    ended: int
    version: int
    role: str
    records: int
    degraded: bool


def note(held: Held) -> Note:
    """Write down what a span is made of."""
    call = held.call
    head = call.head
    ended = time.time_ns()
    cases = held.taken.cases if held.taken is not None else ()
    arm = cases[0].arm.route if cases else None
    return Note(
        call.traced or Trace.new(),
        head.get(b"tracestate", b""),
        call.method,
        call.path,
        held.route,
        head.get(b"host", b""),
        head.get(b"user-agent", b""),
        call.peer,
        call.id or "",
        held.ledger.model,
        held.reply.status,
        ended - (time.perf_counter_ns() - call.started),
        ended,
        arm.version if arm else 0,
        arm.role if arm else "",
        len(cases),
        any(case.row.degraded for case in cases),
    )


def open_spans(metrics: Metrics, collector: str = "", scheme: str = "http") -> Spans | None:
    """Begin to send spans, where the project or the environment names a collector.

    Raises
    ------
    SetupError
        Where the project wants it, and the extra isn't installed. What the environment of a machine says to all its
        programs keeps none of them from starting.

    """
    if collector:
        return Spans(metrics, collector, scheme)
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{which}ENDPOINT") for which in ("", "TRACES_"))
    if not named or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        return Spans(metrics, scheme=scheme)
    except SetupError as error:
        say(str(error))
        return None


class Spans:
    """Sends spans.

    Parameters
    ----------
    metrics : Metrics
        Where it is counted what became of them.
    collector : str
        Address of the collector, as in ``"http://127.0.0.1:4318"``; without it the environment says.
    scheme : str
        How this server is reached: ``"http"`` or ``"https"``.

    Raises
    ------
    SetupError
        Where the extra isn't installed.

    """

    def __init__(self, metrics: Metrics, collector: str = "", scheme: str = "http") -> None:
        exporting = need("opentelemetry.exporter.otlp.proto.http.trace_exporter", "Sending spans", "otel")
        self._api: Any = need("opentelemetry.trace", "Sending spans", "otel")
        self._sdk: Any = need("opentelemetry.sdk.trace", "Sending spans", "otel")
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        logging.getLogger("opentelemetry").propagate = False  # what it would say again and again is counted
        address = f"{collector.rstrip('/')}/{_SENT}" if collector else None
        self._exporter = exporting.OTLPSpanExporter(endpoint=address)
        provider = self._sdk.TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._scheme = scheme
        self._sampler, self._resource = provider.sampler, provider.resource
        self._heeds = os.environ.get("OTEL_TRACES_SAMPLER", "parentbased").startswith("parentbased")
        self._sent = metrics.spans.labels("sent")
        self._full = metrics.spans.labels("dropped")
        self._unsent = metrics.spans.labels("unsent")
        self._seldom = Seldom()
        self._waiting: deque[Note] = deque()
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="mainstay-spans", daemon=True)
        self._thread.start()

    def add(self, held: Held) -> None:
        """Take an answer that is out; never waits, never fails."""
        waiting, traced = self._waiting, held.call.traced
        if self._heeds and traced is not None and not traced.sampled:
            return
        if len(waiting) >= MOST:
            self._full.inc()
            return
        waiting.append(note(held))
        if len(waiting) == MOST // 4:
            self._wake.set()

    def close(self, seconds: float = 2.0) -> None:
        """Send what waits, as far as there is time."""
        self._ending = True
        self._wake.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            self._wake.wait(_EVERY)
            self._wake.clear()
            ending = self._ending
            while self._waiting:
                self._send([self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))])
            if ending:
                return

    def _send(self, notes: list[Note]) -> None:
        spans: list[ReadableSpan] = []
        try:
            for start in range(0, len(notes), _BIT):
                began = time.thread_time()
                spans += [span for one in notes[start : start + _BIT] if (span := self._span(one)) is not None]
                self._rest(began)
            began = time.thread_time()
            good = not spans or self._exporter.export(spans).name == "SUCCESS"
            self._rest(began)
        except Exception as error:  # noqa: BLE001 - a library may fail in any way; requests are answered all the same
            self._seldom.say("spans", f"Spans of requests can't be sent: {type(error).__name__}: {error}")
            self._unsent.inc(len(notes))
            return
        if good:
            self._sent.inc(len(spans))
            return
        self._unsent.inc(len(spans))
        self._seldom.say("unsent", "Spans of requests can't be sent: the OpenTelemetry collector doesn't take them.")

    def _rest(self, began: float) -> None:
        """Let the event loop go on, which can't while this thread works."""
        if not self._ending:
            time.sleep(_PAUSE * (time.thread_time() - began))

    def _span(self, one: Note) -> ReadableSpan | None:
        """Make a span, where the sampler wants it."""
        api: Any = self._api
        attributes = _attributes(one) | {"url.scheme": self._scheme}
        parent = _context(api, one, one.traced.parent, remote=True) if one.traced.parent else None
        around = api.set_span_in_context(api.NonRecordingSpan(parent)) if parent else None
        name = f"{one.method} {one.path}"
        trace = int(one.traced.trace, 16)
        found = self._sampler.should_sample(around, trace, name, api.SpanKind.SERVER, attributes)
        if not found.decision.is_sampled():
            return None
        failed = one.status >= 500
        made: ReadableSpan = self._sdk.ReadableSpan(
            name=name,
            context=_context(api, one, one.traced.span, remote=False),
            parent=parent,
            resource=self._resource,
            attributes=attributes | dict(found.attributes or {}),
            kind=api.SpanKind.SERVER,
            status=api.Status(api.StatusCode.ERROR if failed else api.StatusCode.UNSET),
            start_time=one.began,
            end_time=one.ended,
        )
        return made


def _context(api: Any, one: Note, span: str, *, remote: bool) -> Any:
    state = api.TraceState.from_header([one.state.decode("latin1")]) if one.state else None
    flags = api.TraceFlags(int(one.traced.flags, 16))
    return api.SpanContext(int(one.traced.trace, 16), int(span, 16), remote, flags, state)


def _attributes(one: Note) -> dict[str, str | int | bool]:
    """Say what there is to say, by OpenTelemetry's names for HTTP servers and ours for models."""
    server = _HOST.fullmatch(one.host.decode("latin1"))
    said: dict[str, str | int | bool] = {
        "http.request.method": one.method,
        "http.route": one.path,
        "http.response.status_code": one.status,
        "url.path": one.path,
        "server.address": server[1] if server else "",
        "server.port": int(server[2] or 0) if server else 0,
        "client.address": one.peer,
        "user_agent.original": one.agent.decode("latin1")[:200],
        "error.type": str(one.status) if one.status >= 500 else "",
        "mainstay.route": one.route,
        "mainstay.request.id": one.request,
        "mainstay.model.name": one.model,
        "mainstay.model.version": one.version,
        "mainstay.model.role": one.role,
        "mainstay.records": one.records,
    }
    told = {name: value for name, value in said.items() if value not in ("", 0)}
    return told | {"mainstay.degraded": one.degraded} if one.records else told


def _resource() -> Any:
    resources: Any = need("opentelemetry.sdk.resources", "Sending spans", "otel")
    ours = {"service.instance.id": f"{socket.gethostname()}:{os.getpid()}"}
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    ):
        ours["service.name"] = "mainstay"
    return resources.Resource.create(ours)
