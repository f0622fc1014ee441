"""The worker: uvicorn around our app, with our own start, drain and clock."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading
from typing import TYPE_CHECKING

import uvicorn

from mainstay.serving.app import App
from mainstay.serving.doors.hosts import read_hosts
from mainstay.serving.doors.oip.rpc import RpcServer
from mainstay.serving.following.watcher import Watcher
from mainstay.serving.guard.descriptors import room_for
from mainstay.serving.guard.opening import open_guard
from mainstay.serving.measuring.breakers import Breakers
from mainstay.serving.measuring.pulse import Pulse
from mainstay.serving.measuring.spans import open_spans
from mainstay.serving.served import Served, champion_of, say
from mainstay.serving.settings import widest
from mainstay.serving.wire.direct import DirectProtocol
from mainstay.serving.wire.protocol import GuardedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from mainstay.project import Project
    from mainstay.serving.guard.tls import Tls
    from mainstay.serving.settings import ServingSettings

_TICKS_A_SECOND = 10
# What is answered is about people, so it stays in no cache; what isn't a page must not be taken for one.
_HEADERS = (("x-content-type-options", "nosniff"), ("cache-control", "no-store"))
_ENCRYPTED = (("strict-transport-security", "max-age=31536000"),)
_HAND_OVER = 0.3  # seconds in which balancers, and then clients, learn that this server is leaving
_LAST_CALL = 0.05  # seconds to take in those who wait at the door


def run_worker(
    projects: Sequence[Project],
    listener: socket.socket,
    *,
    loopback: bool,
    insecure: bool = False,
    tls: Tls | None = None,
    announce: bool = True,
    ready: Callable[[], object] = lambda: None,
    rpc: str = "",
) -> None:
    """Serve until asked to end.

    Parameters
    ----------
    projects : sequence of Project
        What to serve.
    listener : socket
        Bound already.
    loopback : bool
        Whether only this machine can reach it.
    insecure : bool
        Whether others may although there are no keys.
    tls : Tls, optional
        What connections are encrypted with.
    announce : bool
        Whether to say where it answers.
    ready : callable
        Called when everything is loaded and answering begins.
    rpc : str
        The address gRPC is answered at, too; empty: none.

    Raises
    ------
    StoreError
        Where the books can't be opened.
    SetupError
        Where spans are to be sent, and the extra isn't installed.
        Where gRPC can't listen.

    """
    models = [Served(project, loopback=loopback) for project in projects]
    settings = widest([served.settings for served in models])
    guard = open_guard(projects, asks=not (loopback or insecure))
    app = App(models, loopback=loopback, guard=guard, hosts=read_hosts(os.environ, len(models)))
    app.rpc_port = int(rpc.rpartition(":")[2]) if rpc else 0
    app.turn.spans = open_spans(app.metrics, settings.otel, "http" if tls is None else "https")
    watcher = Watcher(models, settings.poll_seconds, app.metrics)
    watcher.begin()
    # What is loaded by now lives as long as the process: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    if announce:
        announce_models(models, listener, "http" if tls is None else "https")
        if rpc:
            say(f"gRPC answers at {rpc}")
    ready()
    port = RpcServer(app, rpc, settings, tls) if rpc else None
    try:
        _Server(_config(app, settings, tls), app, settings, tls, port).run(sockets=[listener])
    finally:
        watcher.end()
        if app.turn.spans is not None:
            app.turn.spans.close()
        for served in models:
            served.close()


def announce_models(models: Sequence[Served], listener: socket.socket, scheme: str = "http") -> None:
    """Say what answers where, one line per model."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    for served in models:
        lineup = served.lineup
        trial = ", trial" if lineup is not None and lineup.release.trial else ""
        address = f"{scheme}://{shown}:{port}/models/{served.name}/predict"
        say(f"{served.name} answers at {address} ({_state(served)}{trial})")


def _state(served: Served) -> str:
    if served.lineup is not None:
        return f"version {served.lineup.champion.version}"
    if served.refused is not None:
        return f"version {champion_of(served.refused)} is released, but can't be loaded here: /readyz says why"
    return "can't tell who answers: /readyz says why" if served.trouble else "no version released yet"


def _config(app: App, settings: ServingSettings, tls: Tls | None) -> uvicorn.Config:
    GuardedProtocol.max_head, GuardedProtocol.keep_alive = settings.max_head, settings.keep_alive_seconds
    GuardedProtocol.max_connections = room_for(settings.max_connections)
    DirectProtocol.serve(app)
    config = uvicorn.Config(
        app,
        http=DirectProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        headers=[*_HEADERS, *(_ENCRYPTED if tls else ())],
        workers=1,
        timeout_graceful_shutdown=round(settings.drain_seconds),
    )
    config.load()
    config.ssl = tls.context if tls else None
    return config


class _Server(uvicorn.Server):
    """uvicorn's server, which tells before it leaves, and leaves with exit code 0."""

    def __init__(
        self, config: uvicorn.Config, app: App, settings: ServingSettings, tls: Tls | None, rpc: RpcServer | None
    ) -> None:
        super().__init__(config)
        self._tls = tls
        self._rpc = rpc
        self._app = app
        self._settings = settings
        self._pulse = Pulse(app.metrics, 1 / _TICKS_A_SECOND)
        self._breakers = Breakers(app.metrics)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; to gRPC, too, where that is wanted."""
        await super().startup(sockets)
        if self._rpc is not None:
            await self._rpc.start()

    async def on_tick(self, counter: int) -> bool:
        """Close what keeps us waiting, and tell what the operator must know, once a second."""
        self._pulse.beat(len(self.server_state.connections))
        if counter % _TICKS_A_SECOND == 0:
            self._app.heed()
            self._breakers.look(self._app.models)
            self._app.guard.look()
            if self._tls is not None:
                self._tls.renew()
            before = asyncio.get_running_loop().time() - self._settings.read_seconds
            for connection in list(self.server_state.connections):
                if isinstance(connection, GuardedProtocol):
                    connection.expire(before)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Be unready first, then take no new connections, then answer what was sent on the old ones, then close."""
        self._app.draining = True
        if not self.force_exit:
            await asyncio.sleep(_HAND_OVER)
            for listener in sockets or []:
                listener.listen(0)  # whoever comes now is told to come back, instead of waiting for a door that closes
            await asyncio.sleep(_LAST_CALL)
            for server in self.servers:
                server.close()
            for listener in sockets or []:
                listener.close()
            self._app.closing = True
            await asyncio.sleep(_HAND_OVER)
        if self._rpc is not None:
            await self._rpc.stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals without raising them again at the end: being asked to leave is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._leave) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _leave(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)
