"""Servers whose registry goes away: moved, damaged, locked, set back in time; nobody's answer may fail for it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from mainstay.lifecycle import describe_followed, follow
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Presence, Worker, open_books
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mainstay.project import Project

TWO = ["--workers", "2"]


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    register_model(project, ConstantModel(0.5))
    return project


class Load:
    """Asks from several connections until told to stop; counts what was answered and what wasn't."""

    def __init__(self, server: TestServer, connections: int = 4) -> None:
        self._server = server
        self._stop = threading.Event()
        self.answered: list[int] = []
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(connections)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                got = self._server.post("/predict", GOOD_RECORD)
            except OSError as error:
                self.failed.append(repr(error))
                continue
            if got.status == 200:
                self.answered.append(got.json["version"])
            else:
                self.failed.append(f"{got.status} {got.body!r}")


def _children(server: TestServer) -> list[int]:
    pid = server.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - not a file of ours
        return [int(word) for word in file.read().split()]


def _until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def _rows(project: Project) -> tuple[Worker, ...]:
    with open_books(project) as books:
        return Presence(books.state).rows(project.name)


def _workers(project: Project, release: int) -> int:
    return sum(row.release == release for row in _rows(project))


def test_a_killed_worker_is_replaced_while_the_registry_is_gone(released: Project) -> None:
    with TestServer.start(released, words=TWO) as server:
        _until(lambda: _workers(released, 1) == 2)
        shutil.move(released.books / "registry.sqlite", released.books / "elsewhere")
        killed = _children(server)
        with Load(server) as load:
            for pid in killed:  # both of them, one after the other: nobody is left who ever saw the registry
                os.kill(pid, 9)
                _until(lambda gone=pid: gone not in _children(server) and len(_children(server)) == 2)  # type: ignore[misc]
                _until(lambda: server.get("/readyz").json["models"]["churn"]["registry"]["by_file"])
        # Whoever was being answered by a worker that was killed is cut off; nobody else is.
        assert all("Remote" in why or "reset" in why for why in load.failed), load.failed
        assert len(load.failed) <= 8
        assert set(load.answered) == {1}
        ready = server.get("/readyz")
        assert ready.status == 200
        state = ready.json["models"]["churn"]
        assert not state["registry"]["reachable"]
        assert "is gone" in state["detail"]
        assert not (released.books / "registry.sqlite").exists()
        shutil.move(released.books / "elsewhere", released.books / "registry.sqlite")
        followed = follow(released, release_now(released, 2))
        assert "2 workers on 1 machine serves version 2" in describe_followed(followed)
        assert server.terminate() == 0
        said = server.said()
        assert 1 <= said.count("answers by what was served here since") <= 2
        assert 1 <= said.count("the registry answers again") <= 2
        assert said.count("nothing is heard of the registry") <= 5  # 2 workers, and the 2 before them, once a minute


def test_the_registry_goes_away_for_three_seconds_under_load(released: Project) -> None:
    with TestServer.start(released, words=TWO) as server:
        _until(lambda: _workers(released, 1) == 2)
        with Load(server) as load:
            shutil.move(released.books / "registry.sqlite", released.books / "elsewhere")
            time.sleep(3)
            shutil.move(released.books / "elsewhere", released.books / "registry.sqlite")
            followed = follow(released, release_now(released, 2))
            assert followed is not None
            assert len(followed.following) == 2
            _until(lambda: 2 in load.answered[-1:])
        assert load.failed == []
        assert set(load.answered) == {1, 2}


def test_two_machines_share_a_state_and_one_loses_it(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders with a log and a memory each, one registry: what two machines with a shared state have."""
    monkeypatch.setenv("MAINSTAY_STATE", f"sqlite:///{released.books / 'registry.sqlite'}")
    monkeypatch.setenv("MAINSTAY_STORE", str(released.books / "store"))
    other = tiny_project(tmp_path / "elsewhere")
    with TestServer.start(released) as here, TestServer.start(other) as there:
        _until(lambda: _workers(released, 1) == 2)
        followed = follow(released, release_now(released, 2))
        assert followed is not None
        assert len(followed.following) == 2
        assert {server.get("/models/churn").json["version"] for server in (here, there)} == {2}
        assert (other.books / "serving" / "churn.json").is_file()
        assert [one.terminate() for one in (here, there)] == [0, 0]
    (released.books / "registry.sqlite").rename(tmp_path / "away")
    with TestServer.start(other) as there:
        assert there.post("/predict", GOOD_RECORD).json["version"] == 2
        (tmp_path / "away").rename(released.books / "registry.sqlite")
        release_now(released, 1)
        there.wait_for_version(1)


def test_with_registry_and_object_store_away_a_copy_of_this_machine_serves(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINSTAY_STORE", bucket)
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    with TestServer.start(project) as server:
        server.wait("/readyz")
        assert server.terminate() == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    shutil.move(project.books / "registry.sqlite", project.books / "elsewhere")
    with TestServer.start(project) as server:
        assert server.wait("/readyz", seconds=40).json["models"]["churn"]["registry"]["by_file"]
        assert server.post("/predict", GOOD_RECORD).json["version"] == 1


@pytest.mark.full
def test_another_process_that_holds_the_registry_stops_no_swap(released: Project) -> None:
    with TestServer.start(released) as server, closing(sqlite3.connect(released.books / "registry.sqlite")) as holder:
        holder.isolation_level = None
        _until(lambda: _workers(released, 1) == 1)
        release_now(released, 2)
        server.wait_for_version(2)
        holder.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        time.sleep(6)  # longer than a writer's patience
        assert server.post("/predict", GOOD_RECORD).json["version"] == 2
        ready = server.get("/readyz").json["models"]["churn"]
        assert ready["registry"]["reachable"]
        assert ready["registry"]["age"] < 2
        holder.execute("ROLLBACK")
        release_now(released, 1)
        server.wait_for_version(1)
        assert time.monotonic() - begun < 15
        assert server.terminate() == 0


def _damage(path: Path) -> None:
    """Overwrite every page but the first, as a disk that fails does; nobody holds it open."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def test_a_server_starts_and_goes_on_with_damaged_pages(released: Project) -> None:
    with TestServer.start(released) as server:
        server.wait("/readyz")
        assert server.terminate() == 0
    path = released.books / "registry.sqlite"
    kept = path.read_bytes()
    _damage(path)
    with TestServer.start(released) as server:
        assert server.post("/predict", GOOD_RECORD).json["version"] == 1
        state = server.get("/readyz").json["models"]["churn"]
        assert state["registry"]["by_file"]
        assert "damaged" in state["detail"]
        half = path.with_suffix(".half")
        half.write_bytes(kept)
        half.rename(path)
        _until(lambda: "detail" not in server.get("/readyz").json["models"]["churn"])
        release_now(released, 2)
        server.wait_for_version(2)


def test_a_start_that_never_served_is_refused_in_one_line(released: Project) -> None:
    _damage(released.books / "registry.sqlite")
    words = [sys.executable, "-m", "mainstay.serving", "--project", str(released.root), "--port", str(free_port())]
    done = subprocess.run([*words, "--workers", "2"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert set(done.stderr.splitlines()) == {done.stderr.splitlines()[0]}  # each worker says the same


@pytest.mark.full
def test_a_registry_that_can_only_be_read_stops_nobody(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("NOT TESTED on a read-only mount: nothing can be mounted here")
    try:
        shutil.copy(released.books / "registry.sqlite", place)
        monkeypatch.setenv("MAINSTAY_STATE", f"sqlite:///{place / 'registry.sqlite'}")
        with TestServer.start(released, words=TWO) as server:
            _until(lambda: _workers(released, 1) == 2)
            assert server.terminate() == 0
        # The kernel makes nothing read-only that is open for writing, so the server comes after.
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        with TestServer.start(released, words=TWO) as server:
            server.wait("/readyz")
            with Load(server) as load:
                _until(lambda: len(load.answered) > 50)
            assert load.failed == []
            assert set(load.answered) == {1}
            subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
            release_now(released, 2)
            _until(lambda: _workers(released, 2) == 2)
            assert server.post("/predict", GOOD_RECORD).json["version"] == 2
            assert server.terminate() == 0
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the file that sets the hour of every server started meanwhile, by so many seconds."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("NOT TESTED with a clock that is set: there is no C compiler (apt-get install gcc)")
    library, offset = tmp_path / "clock.so", tmp_path / "offset"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
    offset.write_text("0")
    with monkeypatch.context() as there:
        there.setenv("LD_PRELOAD", str(library))
        there.setenv("CLOCK_OFFSET_FILE", str(offset))
        yield offset


@pytest.mark.full
@pytest.mark.parametrize("seconds", [-7200, 7200])
def test_a_server_whose_clock_is_set_is_heard_and_follows(released: Project, clock: Path, seconds: int) -> None:
    with TestServer.start(released, words=TWO) as server:
        _until(lambda: _workers(released, 1) == 2)
        clock.write_text(str(seconds))
        _until(lambda: all(not row.heard for row in _rows(released)))
        followed = follow(released, release_now(released, 2))
        assert followed is not None
        assert (len(followed.following), followed.behind) == (2, ())
        with open_books(released) as books:
            assert len(Presence(books.state).serving("churn")) == 2
        time.sleep(2.1)
        os.kill(_children(server)[0], 9)
        with open_books(released) as books:
            _until(lambda: len(Presence(books.state).serving("churn")) == 2 == len(_children(server)), 60)
        clock.write_text("0")
        release_now(released, 1)
        server.wait_for_version(1)
