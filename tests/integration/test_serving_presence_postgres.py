"""Servers on a registry in PostgreSQL that stops, is killed, or is cut off by the network; nobody's answer fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.lifecycle import describe_followed, follow
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Presence, open_books
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import Postgres

    from mainstay.project import Project

TWO = ["--workers", "2"]


@pytest.fixture
def database(mortal_postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    monkeypatch.setenv("MAINSTAY_STATE", mortal_postgres.address)
    return mortal_postgres


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project(tmp_path)


def _release(project: Project) -> None:
    release_now(project, register_model(project, TINY_MODEL))
    register_model(project, ConstantModel(0.5))


def _until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def _workers(project: Project, release: int) -> int:
    with open_books(project) as books:
        return sum(row.release == release for row in Presence(books.state).rows(project.name))


@contextlib.contextmanager
def _asked(server: TestServer) -> Iterator[list[float]]:
    """Ask all the while; gives how long each answer took, milliseconds, and fails where one isn't a 200."""
    stop, took, failed = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            begun = time.monotonic()
            try:
                status = server.post("/predict", GOOD_RECORD).status
            except OSError as error:
                failed.append(repr(error))
                continue
            took.append((time.monotonic() - begun) * 1000)
            if status != 200:
                failed.append(str(status))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        yield took
        _until(lambda: len(took) > 20)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert failed == []


def _registry(server: TestServer) -> dict[str, object]:
    found: dict[str, object] = server.get("/readyz").json["models"]["churn"]["registry"]
    return found


def test_two_servers_share_it_and_it_is_killed_under_load(database: Postgres, project: Project, tmp_path: Path) -> None:
    other = tiny_project(tmp_path / "other")
    with database.running():
        _release(project)
        shutil.copytree(project.books / "store", other.books / "store")
        with TestServer.start(project, words=TWO) as here, TestServer.start(other) as there:
            _until(lambda: _workers(project, 1) == 3)
            with _asked(here), _asked(there):
                database.kill()
                for server in (here, there):
                    _until(lambda server=server: not _registry(server)["reachable"])  # type: ignore[misc]
            with database.running():
                followed = follow(project, release_now(project, 2))
                assert "every one of 3 workers on 1 machine serves version 2" in describe_followed(followed)
                _until(lambda: bool(_registry(here)["reachable"]))
            assert (here.terminate(), there.terminate()) == (0, 0)
            said = there.said()
    assert said.count("nothing is heard of the registry") <= 2
    assert "quite-secret" not in said


def _stopped(folder: Path, number: signal.Signals) -> None:
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, number)


@pytest.mark.full
def test_one_that_stops_answering_hangs_nobody(database: Postgres, project: Project) -> None:
    with database.running():
        _release(project)
        with TestServer.start(project) as server:
            _until(lambda: _workers(project, 1) == 1)
            _stopped(database._folder, signal.SIGSTOP)
            try:
                with _asked(server):
                    _until(lambda: not _registry(server)["reachable"])
                assert server.get("/readyz").status == 200
                with TestServer.start(project) as late:  # one that starts meanwhile serves what is known here
                    late.wait("/readyz", seconds=30)
                    assert late.post("/predict", GOOD_RECORD).json["version"] == 1
                    assert _registry(late)["by_file"]
                    assert late.terminate() == 0
            finally:
                _stopped(database._folder, signal.SIGCONT)
            _until(lambda: bool(_registry(server)["reachable"]))
            release_now(project, 2)
            server.wait_for_version(2, 20)
            _stopped(database._folder, signal.SIGSTOP)
            try:
                begun = time.monotonic()
                assert server.terminate(30) == 0  # and it ends all the same
                assert time.monotonic() - begun < 20
            finally:
                _stopped(database._folder, signal.SIGCONT)


@pytest.mark.full
def test_one_that_the_network_drops_is_given_up_and_found_again(database: Postgres, project: Project) -> None:
    """Packets to it vanish, as behind a firewall that forgot: no refusal, no answer."""
    tables = shutil.which("iptables")
    if tables is None or os.getuid() != 0:
        pytest.skip("NOT TESTED with a network that drops: there is no iptables here, or this isn't root")
    rule = ["INPUT", "-i", "lo", "-p", "tcp", "--dport", str(database._port), "-j", "DROP"]
    with database.running():
        _release(project)
        with TestServer.start(project) as server:
            _until(lambda: _workers(project, 1) == 1)
            done = subprocess.run([tables, "-A", *rule], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"NOT TESTED with a network that drops: {done.stderr}")
            try:
                with _asked(server):
                    _until(lambda: not _registry(server)["reachable"])
                    time.sleep(12)  # longer than the driver waits for the other end
            finally:
                subprocess.run([tables, "-D", *rule], check=True)
            release_now(project, 2)
            server.wait_for_version(2, 20)


@pytest.mark.full
def test_a_database_that_takes_no_more_sessions_hangs_nobody(database: Postgres, project: Project) -> None:
    import psycopg  # noqa: PLC0415 - an extra

    with database.running():
        _release(project)
        with TestServer.start(project) as server, contextlib.ExitStack() as held:
            _until(lambda: _workers(project, 1) == 1)
            with contextlib.suppress(psycopg.OperationalError):
                while True:  # until there is no room
                    held.enter_context(contextlib.closing(psycopg.connect(database.address)))
            with TestServer.start(project) as late:
                late.wait("/readyz", seconds=30)
                with _asked(late), _asked(server):
                    time.sleep(0.5)
                assert _registry(late)["by_file"]
                held.close()
                _until(lambda: not _registry(late)["by_file"])
