"""A connection without a socket: bytes in, answers out, and whatever was left undone is found."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from uvicorn.server import ServerState

from mainstay.serving import App, Served
from mainstay.serving.process.server import _config
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import uvicorn

    from mainstay.serving.wire.protocol import GuardedProtocol

_SPINS = 400
_LIMITS = "[serving]\nmax_head = 8192\nmax_body = 100000\n"
Said = tuple[int, tuple[tuple[bytes, bytes], ...], bytes]
"""Status, headers and body of an answer."""


def open_app(folder: Path) -> App:
    """Serve the tiny model, without a process."""
    project = tiny_project(folder, more=_LIMITS)
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    return App([served], loopback=True)


def configured(app: App) -> uvicorn.Config:
    """Give what the server's own connections are made with."""
    return _config(app, app.models[0].settings, None)


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8000)})
        self.written = bytearray()
        self.ended = self.closed = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self.closed:
            assert not self.ended, "written after the end"
            self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


def talk(kind: type[GuardedProtocol], config: uvicorn.Config, pieces: Sequence[bytes]) -> list[Said]:
    """Send pieces over a connection of some kind, and give what came back; nothing may fail, hang or be left."""
    return asyncio.run(_talk(kind, config, pieces))


async def _talk(kind: type[GuardedProtocol], config: uvicorn.Config, pieces: Sequence[bytes]) -> list[Said]:
    loop = asyncio.get_running_loop()
    faults: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))
    state, wire = ServerState(), Wire()
    state.default_headers = list(config.encoded_headers)
    line = kind(config, state, {}, loop)
    line.connection_made(wire)
    for piece in pieces:
        if wire.closed:
            break
        line.data_received(piece)
        await _settle(line)
    await _settle(line)
    line.connection_lost(None)
    for _ in range(_SPINS):
        if not state.tasks:
            break
        await asyncio.sleep(0 if _ < _SPINS // 2 else 0.005)
    assert not state.tasks, "a task outlives its connection"
    assert not faults, faults
    return parse(bytes(wire.written))


async def _settle(line: GuardedProtocol) -> None:
    """Let the loop turn until nothing is answered any more: a request that isn't whole waits, all others end."""
    for spin in range(_SPINS):
        cycle: Any = line.cycle
        owed = not line._begun and cycle is not None and not cycle.response_complete and not line.transport.is_closing()
        if spin > 8 and not owed:
            return
        await asyncio.sleep(0 if spin < _SPINS // 2 else 0.005)
    raise AssertionError("an answer is owed forever")


def parse(got: bytes) -> list[Said]:
    """Read answers; whatever isn't one fails."""
    answers: list[Said] = []
    while got:
        head, mark, rest = got.partition(b"\r\n\r\n")
        assert mark, got[:200]
        first, *lines = head.split(b"\r\n")
        status = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]+", first)
        assert status is not None, first
        code = int(status[1])
        if code == 100:
            got = rest
            continue
        headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines))
        length = int(dict(headers)[b"content-length"])
        if (
            length > len(rest) or rest[:9] == b"HTTP/1.1 " or (not rest and length)
        ):  # a HEAD, which says how long its body would be
            length = 0
        answers.append((code, headers, rest[:length]))
        got = rest[length:]
    return answers
