"""A rehearsal: a fresh worker process is started on a version, beside the real books, asked over HTTP, and ended.

The worker is the one that serves (``python -m mainstay.serving``), on loopback, with the project's own ``[serving]``.
It reads the version from the real store; its release, its log and its keys lie in a folder that is thrown away, so
that nobody is answered by it and nothing of it is in the real log.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import math
import os
import platform
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tomlkit

from mainstay.errors import MainstayError, SetupError
from mainstay.evaluation import Rehearsal, Round
from mainstay.lifecycle.processes import Children, server_command, wait_until_ready
from mainstay.registry import ProjectKeys, Registry, tolerance_of, trusted_by
from mainstay.registry.keys import VARIABLE
from mainstay.release import Release, Releases, Route
from mainstay.state import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mainstay.registry import Bundle
    from mainstay.release import Books

HOST = "127.0.0.1"
_ROUNDS, _REQUESTS, _LEAST, _SECONDS = 3, 200, 10, 1.0
_HEADERS = {"Content-Type": "application/json"}
_MB = 1024


def rehearse(books: Books, bundle: Bundle) -> Rehearsal:
    """Start a fresh worker on a version and ask it its golden records.

    Parameters
    ----------
    books : Books
        The real ones; they are only read.
    bundle : Bundle
        The version.

    Returns
    -------
    Rehearsal
        With its trouble in words where no worker answered.

    """
    with tempfile.TemporaryDirectory(prefix="mainstay-rehearsal-", ignore_cleanup_errors=True) as name:
        stage = Path(name)
        try:
            return _play(_set(stage, books, bundle), bundle)
        except (MainstayError, OSError, http.client.HTTPException) as error:
            return Rehearsal(asked=len(bundle.golden), trouble=_trouble(error, stage))


@dataclass(frozen=True)
class _Stage:
    """Where a rehearsal is played: its folder, and what the worker is told of its surroundings."""

    folder: Path
    environment: dict[str, str]


def _set(folder: Path, books: Books, bundle: Bundle) -> _Stage:
    """Lay out a project whose only release is the version, on trial."""
    project, version = books.project, bundle.version
    keys = [key.public for key in ProjectKeys(project).known() if not key.revoked]
    serving = {**project.file.table("serving"), "trust": sorted(trusted_by(project)()), "keys": keys}
    text = tomlkit.dumps({"problem": {"name": version.model}, "serving": serving})
    (folder / "mainstay.toml").write_text(text, encoding="utf-8")
    state = open_state(folder / ".mainstay")
    try:
        Registry(state, books.registry.store).restate(version)
        routes = (Route(version.number, "champion", 1.0),)
        at = dt.datetime.now(dt.UTC)
        row = Release(id=1, model=version.model, kind="release", routes=routes, at=at, by="", reason="", trial=True)
        Releases(state).append(row)
    finally:
        state.close()
    kept = {name: value for name, value in os.environ.items() if name not in {"MAINSTAY_STATE", VARIABLE}}
    return _Stage(folder, {**kept, **books.registry.store.environment})


def _play(stage: _Stage, bundle: Bundle) -> Rehearsal:
    port = _free_port()
    command = server_command([stage.folder], host=HOST, port=port)
    begun = time.perf_counter()
    with Children() as children:
        worker = children.start(
            "worker", command, stage.folder / "worker.log", environment=stage.environment, ours=True
        )
        wait_until_ready(HOST, port, "/livez", worker)
        seconds = time.perf_counter() - begun
        link = http.client.HTTPConnection(HOST, port, timeout=30)
        try:
            _demand_ready(link, bundle.version.model)
            right = sum(_answers(link, bundle))
            rounds = tuple(_rounds(link, bundle)) if bundle.golden else ()
        finally:
            link.close()
        memory = _memory(worker.pid)
    return Rehearsal(asked=len(bundle.golden), right=right, rounds=rounds, memory=memory, seconds=seconds)


def _demand_ready(link: http.client.HTTPConnection, model: str) -> None:
    """Refuse a worker that lives and doesn't answer: it has loaded what it could before it lived."""
    link.request("GET", "/readyz")
    response = link.getresponse()
    said = json.loads(response.read())
    if response.status != http.client.OK:
        raise SetupError(said["models"][model].get("detail", "it isn't ready."))


def _answers(link: http.client.HTTPConnection, bundle: Bundle) -> Iterator[bool]:
    tolerance = tolerance_of(bundle.model)
    for golden in bundle.golden:
        status, body = _ask(link, bundle.version.model, _body(golden.record))
        yield status == http.client.OK and _same(json.loads(body), golden.score, tolerance)


def _rounds(link: http.client.HTTPConnection, bundle: Bundle) -> Iterator[Round]:
    bodies = [_body(golden.record) for golden in bundle.golden]
    for _ in range(_ROUNDS):
        took: list[float] = []
        end = time.perf_counter() + _SECONDS
        while len(took) < _REQUESTS and (len(took) < _LEAST or time.perf_counter() < end):
            start = time.perf_counter()
            _ask(link, bundle.version.model, bodies[len(took) % len(bodies)])
            took.append(1000 * (time.perf_counter() - start))
        p50, p99 = np.quantile(took, [0.5, 0.99]).tolist()
        yield Round(len(took), p50, p99)


def _ask(link: http.client.HTTPConnection, model: str, body: bytes) -> tuple[int, bytes]:
    link.request("POST", f"/models/{model}/predict", body, _HEADERS)
    response = link.getresponse()
    return response.status, response.read()


def _body(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


def _same(said: Mapping[str, Any], expected: float | Sequence[float], tolerance: float) -> bool:
    """Say whether a score came back: a number, or one for each label."""
    if isinstance(expected, int | float):
        found = said.get("score")
        return isinstance(found, int | float) and math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
    values = list(said.get("scores", {}).values())
    return len(values) == len(expected) and bool(np.allclose(values, expected, rtol=tolerance, atol=tolerance))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _memory(pid: int) -> float | None:
    """Read what a process holds, MB; None where this system doesn't say."""
    if platform.system() == "Linux":
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) / _MB for line in lines if line.startswith("VmRSS:")), None)
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - a number of ours
    return int(said.stdout) / _MB if said.stdout.strip().isdecimal() else None


def _trouble(error: Exception, stage: Path) -> str:
    """Say why no worker answered: in its own last words, where it left any."""
    why = error.message if isinstance(error, MainstayError) else f"{type(error).__name__}: {error}"
    log = stage / "worker.log"
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    told = said[-1].removeprefix("mainstay: ") if said else ""
    return f"No fresh worker answered: {why}{f' It said: {told}' if told and why not in told else ''}"
