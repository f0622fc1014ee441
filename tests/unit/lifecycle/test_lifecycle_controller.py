from __future__ import annotations

import datetime as dt
import http.server
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from mainstay import lifecycle
from mainstay.decisions import DecisionsSettings, Outbox, senders
from mainstay.errors import LockedError, NotFoundError, StoreError
from mainstay.events import actions, found_since
from mainstay.lifecycle import controller
from mainstay.release import open_books
from mainstay.state import controller as lease_name
from mainstay.state import lease_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mainstay.project import Project


def begin(project: Project) -> None:
    lifecycle.release(project, 1, reason="first", by="anna")


def looks(project: Project) -> list[dt.datetime]:
    with open_books(project) as books:
        return [each.until for each in found_since(books.log, model=project.name) if each.until]


@contextmanager
def looping(project: Project, owner: str = "me", every: float = 0.05) -> Iterator[list[str]]:
    """Run the controller's loop in a thread; gives what it tells."""
    told: list[str] = []
    stop = threading.Event()
    outbox = Outbox(senders(project.section("decisions", DecisionsSettings).alert))
    thread = threading.Thread(
        target=controller._loop,
        args=(project, outbox, every, owner, stop),
        kwargs={"once": False, "tell": told.append},
    )
    thread.start()
    try:
        yield told
        assert thread.is_alive(), "the controller ended by itself"
    finally:
        stop.set()
        thread.join(20)


def until(question: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_once_before_any_release_says_so_in_a_sentence(two: Project) -> None:
    with pytest.raises(NotFoundError) as refused:
        controller.run(two, every=1, once=True, tell=print)
    assert refused.value.message == "No version of churn is released yet."


def test_the_command_says_it_too_and_shows_no_traceback(two: Project) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "mainstay", "operate", "--once", "--project", str(two.root)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 2
    assert "No version of churn is released yet." in said.stderr
    assert "Traceback" not in said.stderr


def test_only_one_of_two_acts(two: Project, configure: Callable[[Project, str], Project]) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.2s"')
    begin(project)
    time.sleep(0.5)
    first = controller.turn(project, owner="one", ttl=60)
    next(first)
    with pytest.raises(LockedError, match=r"Another controller \(one\) watches churn"):
        next(controller.turn(project, owner="two", ttl=60))
    assert len(set(looks(project))) == 1
    controller.step_down(project, "two")  # takes nothing from the leader
    with pytest.raises(LockedError):
        controller.lead(project, "two", 60)
    controller.step_down(project, "one")
    assert list(controller.turn(project, owner="two", ttl=60))
    found = looks(project)
    assert len(found) == len(set(found))


def test_a_leader_that_is_never_heard_of_again_is_succeeded(two: Project) -> None:
    begin(two)
    controller.lead(two, "killed", 0.2)
    with pytest.raises(LockedError):
        controller.lead(two, "heir", 60)
    time.sleep(0.3)
    controller.lead(two, "heir", 60)


def test_a_controller_restarted_in_between_looks_at_each_window_once(
    two: Project, configure: Callable[[Project, str], Project]
) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.1s"')
    begin(project)
    for number in range(3):
        before = len(looks(project))
        with looping(project, f"run {number}"):
            until(lambda before=before: len(looks(project)) > before + 2)  # type: ignore[misc]
        controller.step_down(project, f"run {number}")
    found = looks(project)
    assert len(found) == len(set(found))
    assert {later - earlier for earlier, later in pairwise(found)} == {dt.timedelta(seconds=0.1)}


def test_it_outlives_a_project_file_that_is_gone_for_a_while_and_says_so_once(
    two: Project, configure: Callable[[Project, str], Project]
) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.1s"')
    begin(project)
    file = project.root / "mainstay.toml"
    with looping(project) as told:
        until(lambda: looks(project))
        file.rename(file.with_name("away"))
        until(lambda: told)
        time.sleep(0.3)
        file.with_name("away").rename(file)
        before = len(looks(project))
        until(lambda: len(looks(project)) > before)
    assert len(told) == 1
    assert "There is no mainstay.toml" in told[0]


def test_it_outlives_a_locked_registry(two: Project, configure: Callable[[Project, str], Project]) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.1s"')
    begin(project)
    with looping(project) as told:
        until(lambda: looks(project))
        with closing(sqlite3.connect(project.books / "registry.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            until(lambda: told)
            other.execute("ROLLBACK")
        before = len(looks(project))
        until(lambda: len(looks(project)) > before)
    assert len(told) == 1
    found = looks(project)
    assert len(found) == len(set(found))


def test_it_waits_for_the_first_release(two: Project, configure: Callable[[Project, str], Project]) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.1s"')
    with looping(project) as told:
        until(lambda: told)
        begin(project)
        until(lambda: looks(project))
    assert len(told) == 1
    assert "No version of churn is released yet." in told[0]


class Hook(http.server.BaseHTTPRequestHandler):
    heard: list[bytes]
    store: Path

    def do_POST(self) -> None:
        if not self.heard:
            self.store.rename(self.store.with_name("away"))
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_alerts_of_a_window_go_out_even_where_the_next_window_fails(
    two: Project, traffic: Callable[[Project], Any], configure: Callable[[Project, str], Project]
) -> None:
    heard: list[bytes] = []
    hook = type("Ours", (Hook,), {"heard": heard, "store": two.books / "store"})
    server = http.server.HTTPServer(("127.0.0.1", 0), hook)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    port = server.server_address[1]
    project = configure(two, f'[monitoring]\nwindow = "0.5s"\n[decisions]\nalert = ["http://127.0.0.1:{port}/hook"]\n')
    try:
        begin(project)
        traffic(project).serve(dt.datetime.now(dt.UTC), degraded=True)
        time.sleep(1.1)
        with pytest.raises(StoreError):
            controller.run(project, every=1, once=True, tell=print)
        assert len(set(looks(project))) == 1
        with open_books(project) as books:
            done = actions(books.log, model=project.name)
        assert any(b"degraded" in each for each in heard)
        assert len(heard) == len(done)
    finally:
        server.shutdown()
        server.server_close()


def test_a_process_of_its_own_ends_at_sigterm_and_gives_the_lease_back(
    two: Project, configure: Callable[[Project, str], Project]
) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.2s"')
    begin(project)
    words = [sys.executable, "-m", "mainstay.lifecycle", "--project", str(project.root), "--every", "60"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        until(lambda: looks(project))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    with open_books(project) as books:
        lease = lease_of(books.state, lease_name(project.name))
    assert lease is not None
    assert lease.expires <= dt.datetime.now(dt.UTC)


def test_it_outlives_a_log_that_cant_be_read(two: Project, configure: Callable[[Project, str], Project]) -> None:
    project = configure(two, '[monitoring]\nwindow = "0.1s"')
    begin(project)
    log = project.books / "events"
    with looping(project) as told:
        until(lambda: looks(project))
        log.rename(log.with_name("aside"))
        log.write_text("no folder")
        until(lambda: any("Not a directory" in line for line in told))
        log.unlink()
        until(lambda: looks(project))
