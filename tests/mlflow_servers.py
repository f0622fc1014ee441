"""The full MLflow as processes on loopback, from an environment of its own; they report nothing home.

==================  ==================================================================================================
`mlflow_server`     address of an MLflow server over an SQLite database, ``http://…``, one for the whole run
==================  ==================================================================================================
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.peers import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 180.0  # seconds; it imports much
_SAID = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server over an SQLite database."""
    home = tmp_path_factory.mktemp("mlflow-server")
    with serve_mlflow(f"sqlite:///{home}/books.db", home) as address:
        yield address


@contextmanager
def serve_mlflow(database: str, home: Path) -> Iterator[str]:
    """Run a server over a database, its artifacts in a folder; gives its address."""
    where = ("--backend-store-uri", database, "--artifacts-destination", str(home / "artifacts"))
    with _running("/health", home, "server", *where) as address:
        yield address


@contextmanager
def serve_model(folder: Path, home: Path) -> Iterator[str]:
    """Run ``mlflow models serve`` on a model's folder; gives its address."""
    with _running("/ping", home, "models", "serve", "-m", str(folder), "--env-manager", "local") as address:
        yield address


def free_port() -> int:
    """Find a free port on loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _running(well: str, home: Path, *words: str) -> Iterator[str]:
    """Run one of MLflow's servers, from when it is well; at the end it and what it started are ended."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [str(peer("mlflow") / "mlflow"), *words, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=said, stderr=said, env=_environment(home), start_new_session=True)
        try:
            deadline = time.monotonic() + _PATIENCE
            while not _is_well(f"{address}{well}"):
                if child.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise RuntimeError(f"mlflow didn't start: {said.read().decode(errors='replace')[-2000:]}")
                time.sleep(0.1)
            yield address
        finally:
            for how in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(child.pid, how)
                    child.wait(timeout=20)


def _environment(home: Path) -> dict[str, str]:
    """Give what it sees: no address or trust of whoever runs the tests, its own commands first, and our source."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MAINSTAY_"))}
    source = str(Path(__file__).resolve().parents[1] / "src")
    path = f"{peer('mlflow')}{os.pathsep}{os.environ.get('PATH', '')}"
    return kept | _SAID | {"PYTHONPATH": source, "HOME": str(home), "PATH": path}


def _is_well(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False
