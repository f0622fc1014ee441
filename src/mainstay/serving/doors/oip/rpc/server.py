"""`RpcServer`: the port of gRPC in a worker."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mainstay.errors import SetupError
from mainstay.extras import missing, need
from mainstay.serving.call import Call
from mainstay.serving.doors.oip.reply import sentence
from mainstay.serving.doors.oip.rpc.messages import SERVICE
from mainstay.serving.doors.oip.rpc.service import UNIMPLEMENTED, Service
from mainstay.serving.refusals import say_fault
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mainstay.serving.app import App
    from mainstay.serving.guard.tls import Tls
    from mainstay.serving.settings import ServingSettings

_WHO = "Answering over gRPC"
_MOST_AT_ONCE = 256  # calls under way in one worker, each as large as a body may be; gRPC refuses more unread
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "RESOURCE_EXHAUSTED",
    415: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    UNIMPLEMENTED: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}
_PEER = re.compile(r"ipv[46]:(?:%5B|\[)?(.*?)(?:%5D|\])?:\d+")


def demand_grpc() -> None:
    """Refuse to begin where gRPC isn't here.

    Raises
    ------
    SetupError
        With what to install.

    """
    for module in ("grpc", "google.protobuf"):
        try:
            found = find_spec(module)
        except ModuleNotFoundError:  # the package it would be in
            found = None
        if found is None:
            raise missing(module, _WHO, "grpc")


class RpcServer:
    """Answers gRPC on the event loop of a worker.

    Several workers listen on the same port, each with a socket of its own (``SO_REUSEPORT``): the kernel spreads
    connections over them.

    Parameters
    ----------
    app : App
        The server.
    address : str
        Where to listen: ``"127.0.0.1:8001"``.
    settings : ServingSettings
        Limits.
    tls : Tls, optional
        What connections are encrypted with.

    """

    def __init__(self, app: App, address: str, settings: ServingSettings, tls: Tls | None = None) -> None:
        self._service = Service(app)
        self._address = address
        self._settings = settings
        self._tls = tls
        # A worker starts programs (for Parquet) and never forks itself: gRPC's care for forks would complain each time.
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
        self._grpc = need("grpc", _WHO, "grpc")
        self._server: Any = None

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        SetupError
            Where the address can't be used.

        """
        aio = need("grpc.aio", _WHO, "grpc")
        settings = self._settings
        self._server = aio.server(
            options=(
                ("grpc.so_reuseport", 1),
                ("grpc.max_receive_message_length", settings.max_body),
                ("grpc.max_metadata_size", settings.max_head),
                ("grpc.max_concurrent_streams", _MOST_AT_ONCE),
                ("grpc.max_connection_idle_ms", round(settings.keep_alive_seconds * 1000)),
            ),
            maximum_concurrent_rpcs=_MOST_AT_ONCE,
        )
        self._server.add_generic_rpc_handlers((self._handlers(),))
        try:
            self._bind()
        except RuntimeError:
            raise SetupError(f"gRPC can't listen on {self._address}.", "Choose another: --grpc-port N.") from None
        await self._server.start()

    def _bind(self) -> None:
        if self._tls is None:
            self._server.add_insecure_port(self._address)
            return
        told = self._tls.pair
        make = self._grpc.ssl_server_certificate_configuration

        def renewed() -> Any:
            nonlocal told
            if self._tls is None or self._tls.pair == told:
                return None  # the one in use stays
            told = self._tls.pair
            return make([told])

        credentials = self._grpc.dynamic_ssl_server_credentials(make([told]), renewed)
        self._server.add_secure_port(self._address, credentials)

    async def stop(self) -> None:
        """Take no new calls, and wait for those under way."""
        if self._server is not None:
            await self._server.stop(self._settings.drain_seconds)

    def _handlers(self) -> Any:
        grpc = self._grpc
        calls = {
            name: grpc.unary_unary_rpc_method_handler(
                self._unary(name), response_serializer=lambda told: told.SerializeToString()
            )
            for name in self._service.methods
        }
        calls["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
            self._stream, response_serializer=lambda told: told.SerializeToString()
        )
        return grpc.method_handlers_generic_handler(SERVICE, calls)

    def _unary(self, name: str) -> Any:
        async def answer(raw: bytes, context: Any) -> Any:
            call = call_of(name, context)
            try:
                return await self._service.answer(name, raw, call)
            except Refused as refused:
                await self._abort(context, call, refused)
            except Exception as error:  # noqa: BLE001 - the last net
                await self._abort(context, call, _fault(error))

        return answer

    async def _stream(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[Any]:
        call = call_of("ModelStreamInfer", context)
        try:
            async for told in self._service.stream(requests, call, lambda: call_of("ModelStreamInfer", context)):
                yield told
        except Refused as refused:
            await self._abort(context, call, refused)
        except Exception as error:  # noqa: BLE001 - the last net
            await self._abort(context, call, _fault(error))

    async def _abort(self, context: Any, call: Call, refused: Refused) -> None:
        status = getattr(self._grpc.StatusCode, _STATUS.get(refused.status, "INTERNAL"))
        more = [(name.decode(), value.decode()) for name, value in refused.headers]
        if call.id is not None:
            more.append(("x-request-id", call.id))
        await context.abort(status, sentence(refused), tuple(more))


def _fault(error: Exception) -> Refused:
    """Tell the operator of a fault of ours; the caller is told nothing more."""
    say_fault(error)
    return Refused(500, "fault", "The server failed at this request.", "The operator's log says why.")


def call_of(name: str, context: Any) -> Call:
    """Give a call of gRPC as a request: its metadata are the headers."""
    head = {
        key.encode(): value if isinstance(value, bytes) else value.encode()
        for key, value in context.invocation_metadata() or ()
    }
    call = Call("POST", f"/{SERVICE}/{name}", head)
    peer = _PEER.fullmatch(context.peer() or "")
    call.peer = peer[1] if peer else ""
    return call
