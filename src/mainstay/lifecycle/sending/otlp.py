"""`Collector`: takes log records by OTLP over HTTP, in protobuf. Needs the extra ``otel``.

The environment's variables ``OTEL_EXPORTER_OTLP_*`` (endpoint, headers, certificate, timeout), ``OTEL_SERVICE_NAME``
and ``OTEL_RESOURCE_ATTRIBUTES`` hold as everywhere.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import gzip
import http.client
import os
import socket
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from mainstay.errors import InputError, StoreError
from mainstay.extras import need, own_version
from mainstay.lifecycle.sending.records import fill_attributes, fill_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.lifecycle.sending.records import Event

_PATH = "/v1/logs"
_LATER = frozenset((429, 502, 503, 504))
"""What the protocol lets a sender try again."""
_UNFIT = frozenset((400, 413, 422))
"""What is about the records themselves: one of them is wrong, or they are too many."""
_WHO = "Sending events to OpenTelemetry"


class Later(Exception):  # noqa: N818 - no error: the collector will take it another time
    """The collector doesn't take it now.

    Parameters
    ----------
    why : str
        Why.
    seconds : float
        How long it wants to be left alone.

    """

    def __init__(self, why: str, seconds: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.seconds = why, seconds


class Received(msgspec.Struct, frozen=True):
    """What became of records.

    Parameters
    ----------
    taken, refused : int
        How many the collector has now, and how many it never will.
    why : str
        What it said of those.

    """

    taken: int
    refused: int = 0
    why: str = ""


class Collector:
    """An OpenTelemetry collector.

    Parameters
    ----------
    address : str
        Where it is, ``"http://127.0.0.1:4318"``; without it the environment says.

    Raises
    ------
    InputError
        Where no address is given, or none that can be one.
    SetupError
        Where the extra isn't installed.

    """

    def __init__(self, address: str = "") -> None:
        self.address = _address(address)
        service = need("opentelemetry.proto.collector.logs.v1.logs_service_pb2", _WHO, "otel")
        self._request: Any = service.ExportLogsServiceRequest
        self._response: Any = service.ExportLogsServiceResponse
        self._resource = _resource()
        self._headers = _headers()
        self._timeout = float(_named("TIMEOUT") or 10)
        self._context = ssl.create_default_context(cafile=_named("CERTIFICATE") or None)

    def take(self, events: Sequence[Event]) -> Received:
        """Send events; those that it refuses for good are told from those beside them.

        Raises
        ------
        Later
            Where it takes none now.
        StoreError
            Where it never will: its address or the key is wrong.

        """
        try:
            return self._send(self._encode(events), len(events))
        except urllib.error.HTTPError as error:
            if error.code not in _UNFIT:
                raise StoreError(
                    f"{self.address} answers {error.code} to events.",
                    "Mend the address, or the key: OTEL_EXPORTER_OTLP_HEADERS.",
                ) from None
            if len(events) == 1:
                return Received(0, 1, f"{error.code}")
        middle = len(events) // 2
        one, other = self.take(events[:middle]), self.take(events[middle:])
        return Received(one.taken + other.taken, one.refused + other.refused, one.why or other.why)

    def _encode(self, events: Sequence[Event]) -> bytes:
        request = self._request()
        about = request.resource_logs.add()
        fill_attributes(about.resource.attributes, self._resource.items())
        scope = about.scope_logs.add()
        scope.scope.name, scope.scope.version = "mainstay.events", own_version()
        for event in events:
            fill_record(scope.log_records.add(), event)
        return bytes(request.SerializeToString())

    def _send(self, body: bytes, many: int) -> Received:
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            self.address, gzip.compress(body, 3), self._headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout, context=self._context) as answer:  # noqa: S310
                told = self._response.FromString(answer.read()).partial_success
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _LATER:
                raise Later(f"it answers {error.code}", _seconds(error.headers.get("Retry-After"))) from None
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Later(_why(error)) from None
        refused = min(many, told.rejected_log_records)
        return Received(many - refused, refused, told.error_message)


def _why(error: OSError | http.client.HTTPException) -> str:
    """Give the reason without the system's number for it."""
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason) or type(error).__name__


def _named(what: str) -> str:
    """Give what the environment says of logs, or of all signals."""
    return os.environ.get(f"OTEL_EXPORTER_OTLP_LOGS_{what}", "") or os.environ.get(f"OTEL_EXPORTER_OTLP_{what}", "")


def _address(given: str) -> str:
    whole = os.environ.get("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "")
    base = given or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    address = whole if whole and not given else f"{base.rstrip('/')}{_PATH}" if base else ""
    try:
        parts = urlsplit(address)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        said = f"'{given}' is no address of a collector." if given else "No collector is named."
        raise InputError(said, "Write --otel http://host:4318, or set OTEL_EXPORTER_OTLP_ENDPOINT.")
    return address


def _headers() -> dict[str, str]:
    read: Any = need("opentelemetry.util.re", _WHO, "otel").parse_env_headers
    return {
        **read(_named("HEADERS"), liberal=True),
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
        "User-Agent": f"mainstay/{own_version()}",
    }


def _resource() -> dict[str, Any]:
    resources: Any = need("opentelemetry.sdk.resources", _WHO, "otel")
    ours = {"host.name": socket.gethostname()}
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    ):
        ours["service.name"] = "mainstay"
    return dict(resources.Resource.create(ours).attributes)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0
