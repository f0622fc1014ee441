from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from mainstay.serving import App, Served
from mainstay.serving.following.reach import Reach
from mainstay.serving.following.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from mainstay.project import Project
    from mainstay.serving.testing import Got


def test_a_look_that_never_ends_is_seen() -> None:
    now = [100.0]
    reach = Reach(lambda: now[0])
    reach.begin()
    assert reach.trouble == ""
    now[0] += 10
    assert reach.trouble == "The registry doesn't answer."
    assert reach.age == 10
    reach.good()
    assert (reach.trouble, reach.age) == ("", 0)
    reach.begin()
    reach.lost("It is gone.")
    now[0] += 5
    reach.begin()
    assert (reach.trouble, reach.age) == ("It is gone.", 5)  # until a look is answered


def test_it_is_told_at_most_once_a_minute_and_when_it_is_back(
    served: Served, released: Project, capsys: pytest.CaptureFixture[str], ask: Callable[..., Got]
) -> None:
    app = App([served], loopback=True)
    served.heed()
    assert capsys.readouterr().err == ""
    assert 'mainstay_registry_reachable{model="churn"} 1.0' in ask(app, "/metrics").body.decode()
    (released.books / "registry.sqlite").rename(released.books / "elsewhere")
    for _ in range(5):
        served.look()
        served.heed()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "churn: nothing is heard of the registry since 20" in said
    assert " UTC. Version 1 goes on answering. The registry " in said  # what to do comes last, to be copied
    page = ask(app, "/metrics").body.decode()
    assert 'mainstay_registry_reachable{model="churn"} 0.0' in page
    assert 'mainstay_registry_age_seconds{model="churn"} 0.' in page
    (released.books / "elsewhere").rename(released.books / "registry.sqlite")
    served.look()
    served.heed()
    served.heed()
    assert capsys.readouterr().err == "mainstay: churn: the registry answers again.\n"


def test_a_registry_that_hangs_holds_up_no_start(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:  # takes a connection, and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MAINSTAY_STATE", f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/books")
        restarted = Served(served._project, loopback=True)
        app = App([restarted], loopback=True)
        watcher = Watcher([restarted], 0.05, app.metrics)
        begun = time.monotonic()
        watcher.begin(seconds=0.2)
        assert time.monotonic() - begun < 2
        assert restarted.lineup is not None
        assert restarted.by_file
        watcher.end()
        assert time.monotonic() - begun < 10
    assert "127.0.0.1" in restarted.trouble
