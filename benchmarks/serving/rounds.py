"""The run: everybody up, everybody right, then rounds in alternating order with all but one held still."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mainstay.errors import MainstayError
from mainstay.serving.testing import free_port
from serving.clients import CONNECTIONS, Shot, shoot, write_script
from serving.processes import JSON, Server, StartError, post
from serving.rows import Row, point_of

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from serving.ours import Own
    from serving.peers import Peer
    from serving.work import Record, Work

CLOSE = 1e-6
_CHECKED = 64  # answers
_SERVER, _CLIENT = "0", "1"  # cores
_WARM = 1.0  # seconds


class WrongError(Exception):
    """A server that doesn't give the right answers has no speed."""


class _Subject(Protocol):
    """What a peer and a way of our own have in common."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def path(self) -> str: ...
    def body(self, record: Record) -> bytes: ...
    def read(self, said: bytes) -> float: ...


@dataclass
class Running:
    """A server that is up and right.

    Parameters
    ----------
    subject : Peer or Own
        What it is.
    server : Server
        Its process.
    url : str
        Where it is asked.
    script : Path
        wrk's script for it.
    first : float
        Seconds from its start to the first 200.

    """

    subject: _Subject
    server: Server
    url: str
    script: Path
    first: float
    shots: dict[int, list[tuple[Shot, float]]] = field(default_factory=dict)

    def measure(self, seconds: float, connections: Sequence[int] = CONNECTIONS, client: str = _CLIENT) -> None:
        """Let wrk ask it, first to warm it up."""
        shoot(self.url, self.script, connections[-1], _WARM, client)
        for many in connections:
            self.server.settle()
            before = self.server.cpu_seconds()
            shot = shoot(self.url, self.script, many, seconds, client)
            self.shots.setdefault(many, []).append((shot, self.server.cpu_seconds() - before))

    def row(self, name: str = "") -> Row:
        """Give its figures."""
        points = [point_of(many, shots) for many, shots in self.shots.items()]
        return Row(name or self.subject.name, self.subject.title, self.first, self.server.rss_megabytes(), points)


def start_own(own: Own, work: Work, folder: Path, stack: contextlib.ExitStack, cores: str = _SERVER) -> Running:
    """Bring up one of ours."""
    room = folder / f"{own.name}-{own.workers}-{len(cores)}"
    room.mkdir()
    expected, headers = own.prepare(room, work)
    port = free_port()
    server = stack.enter_context(Server.start(own.words(room, port), {}, room / "server.log", cores))
    url = f"http://127.0.0.1:{port}{own.path}"
    return _checked(own, server, (url, headers), list(zip(work.records, expected, strict=True)), room)


def start_peer(peer: Peer, work: Work, home: Path, folder: Path, stack: contextlib.ExitStack) -> Running:
    """Bring up a peer in an environment of its own."""
    room = folder / peer.name
    room.mkdir()
    port = free_port()
    programs = peer.commands(home)
    around = {"WORK": str(work.folder), "PYTHONPATH": "", "PATH": f"{programs}:/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    around |= {"BENTOML_DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    if first := peer.before(port):
        words = [str(programs / first[0]), *first[1:]]
        subprocess.run(words, env=around, cwd=room, check=True, capture_output=True, text=True)
    words = peer.words(port, work.folder)
    words[0] = str(programs / words[0])
    server = stack.enter_context(Server.start(words, around, room / "server.log", _SERVER))
    url = f"http://127.0.0.1:{port}{peer.path}"
    return _checked(peer, server, (url, {}), list(zip(work.records, work.expected, strict=True)), room)


def _checked(
    subject: _Subject,
    server: Server,
    where: tuple[str, Mapping[str, str]],
    right: Sequence[tuple[Record, float]],
    room: Path,
) -> Running:
    """Wait for a server, compare its answers with those it must give, and write the client's script."""
    url, headers = where
    bodies = [subject.body(record) for record, _ in right]
    first = server.wait(url, bodies[0], headers)
    for body, (_, score) in list(zip(bodies, right, strict=True))[:_CHECKED]:
        said = subject.read(post(url, body, headers))
        if not abs(said - score) <= CLOSE:
            raise WrongError(f"{subject.title} says {said}, right is {score}")
    script = write_script(room, bodies, JSON | dict(headers))
    return Running(subject, server, url, script, first)


def bring_up(
    starts: Mapping[str, Callable[[], Running]], told: Callable[[str], None]
) -> tuple[list[Running], dict[str, str]]:
    """Bring all up, each held still as soon as it is right; gives also why some aren't there."""
    up, missing = [], {}
    for name, start in starts.items():
        try:
            running = start()
        except (StartError, WrongError, MainstayError, OSError, subprocess.SubprocessError) as error:
            missing[name] = f"{error} {getattr(error, 'stderr', '') or ''}".strip()
            told(f"NOT MEASURED: {name}: {missing[name][-600:]}")
            continue
        running.server.pause()
        up.append(running)
        told(f"{name} is up after {running.first:.2f} s, and right")
    return up, missing


def run_rounds(up: Sequence[Running], rounds: int, seconds: float, told: Callable[[str], None]) -> None:
    """Let each be measured once a round, the order turned round each time."""
    for number in range(rounds):
        for running in up if number % 2 == 0 else reversed(up):
            running.server.resume()
            try:
                running.measure(seconds)
            finally:
                running.server.pause()
            rates = "  ".join(f"{many}: {shots[-1][0].rate:,.0f}" for many, shots in running.shots.items())
            told(f"round {number + 1}  {running.subject.name:10} {rates}")
