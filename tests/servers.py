"""Real servers for the tests: PostgreSQL from the distribution's packages, S3 served by moto; each on loopback.

==================  ==================================================================================================
`postgres`          address of an empty database that this run made, ``postgresql://…``; skips loudly without it
`mortal_postgres`   one of the test's own that can be killed and started again
`place`             address of a registry that isn't made yet; runs the test once on each engine
`bucket`            address of an empty S3 bucket, ``s3://…``; the environment says where and by which key
==================  ==================================================================================================
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "quite-secret"  # noqa: S105 - of a database that lives as long as the tests
_INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


class Postgres:
    """A PostgreSQL of our own, on a free port and with a password; it can be killed and started again.

    Parameters
    ----------
    folder : Path
        Where it keeps everything.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._become = _somebody(folder)
        self._binaries = _INSTALLED[-1].parent
        self._port = _free_port()
        self.data = folder / "data"
        self.address = f"postgresql://tester:{SECRET}@127.0.0.1:{self._port}/postgres"
        (folder / "password").write_text(SECRET)
        (folder / "password").chmod(0o644)
        initdb = [
            str(self._binaries / "initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "tester",
            "-A",
            "scram-sha-256",
            "-N",
        ]
        words = [*initdb, f"--pwfile={folder / 'password'}"]
        subprocess.run(words, check=True, capture_output=True, preexec_fn=self._become)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for a while."""
        options = ["-p", str(self._port), "-k", self._folder, "-h", "127.0.0.1", "-F"]
        words = [self._binaries / "postgres", "-D", self._folder / "data", *options]
        # SIGINT: it waits for no session to end.
        with _running(words, self._serves, preexec=self._become, stop=signal.SIGINT):
            yield

    def _serves(self) -> bool:
        import psycopg  # noqa: PLC0415 - an extra

        try:
            psycopg.connect(self.address).close()
        except psycopg.OperationalError:  # not yet, or it is still starting up
            return False
        return True

    def kill(self) -> None:
        """End it and every session at once, as a crash would."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)  # as SIGKILL, but its children go with it and leave no shared memory behind
        deadline = time.monotonic() + 20
        while _answers(self._port) and time.monotonic() < deadline:
            time.sleep(0.02)


@contextmanager
def _postgres() -> Iterator[Postgres]:
    if not _INSTALLED:
        pytest.skip("NOT TESTED on PostgreSQL: initdb isn't there (apt-get install postgresql)")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    yield Postgres(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL for everybody."""
    with _postgres() as server, server.running():
        yield server.address


@pytest.fixture
def mortal_postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL that is to be killed: ``with server.running(): ...``."""
    with _postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an address for a registry of its own, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/books/registry.sqlite"
    return f"{request.getfixturevalue('postgres')}?schema=t_{secrets.token_hex(8)}"


@pytest.fixture(scope="session")
def _s3() -> Iterator[str]:
    pytest.importorskip("moto", reason="NOT TESTED on S3: moto isn't installed")
    port = _free_port()
    with _running([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], lambda: _answers(port)):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def bucket(_s3: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Make a bucket, and let the environment say how it is reached."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", _s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = f"rows-{abs(hash(request.node.name)) % 10**8}"
    urllib.request.urlopen(urllib.request.Request(f"{_s3}/{name}", method="PUT"), timeout=10).close()  # noqa: S310 - loopback
    return f"s3://{name}"


@contextmanager
def _running(
    words: list[object],
    ready: Callable[[], bool],
    preexec: Callable[[], None] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    with tempfile.TemporaryFile() as said:
        command = [str(word) for word in words]
        child = subprocess.Popen(command, stdout=said, stderr=said, preexec_fn=preexec)  # noqa: PLW1509 - only the user
        try:
            deadline = time.monotonic() + 60
            while not ready():
                if child.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise RuntimeError(f"{command[0]} didn't start: {said.read().decode(errors='replace')[-2000:]}")
                time.sleep(0.1)
            yield
        finally:
            child.send_signal(stop)
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _somebody(folder: Path) -> Callable[[], None] | None:
    """Give what a child does to be somebody other than root, whom PostgreSQL refuses to serve."""
    if os.getuid() != 0:
        return None
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)

    def become() -> None:
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return become


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
