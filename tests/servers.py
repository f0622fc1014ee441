"""Real servers for the tests: PostgreSQL from the distribution's packages, S3 served by moto; each on loopback.

==================  ==================================================================================================
`postgres`          address of an empty database that this run made, ``postgresql://…``; skips loudly without it
`bucket`            address of an empty S3 bucket, ``s3://…``; the environment says where and by which key
==================  ==================================================================================================
"""

from __future__ import annotations

import os
import pwd
import shutil
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL of our own, on a free port and with a password."""
    if not _INSTALLED:
        pytest.skip("NOT TESTED on PostgreSQL: initdb isn't there (apt-get install postgresql)")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    become = _somebody(folder)
    binaries = _INSTALLED[-1].parent
    (folder / "password").write_text(SECRET)
    (folder / "password").chmod(0o644)
    data = str(folder / "data")
    initdb = [str(binaries / "initdb"), "-D", data, "-U", "tester", "-A", "scram-sha-256", "-N"]
    subprocess.run([*initdb, f"--pwfile={folder / 'password'}"], check=True, capture_output=True, preexec_fn=become)
    port = _free_port()
    words = [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    with _running(words, lambda: _answers(port), preexec=become):
        yield f"postgresql://tester:{SECRET}@127.0.0.1:{port}/postgres"
    shutil.rmtree(folder, ignore_errors=True)


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
    words: list[object], ready: Callable[[], bool], preexec: Callable[[], None] | None = None
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
            child.terminate()
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
