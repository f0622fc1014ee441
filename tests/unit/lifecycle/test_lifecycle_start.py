from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import InputError, SetupError
from mainstay.lifecycle.processes import free_port
from mainstay.lifecycle.start import first_release
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project


def test_a_described_project_that_passes_is_released_for_good(trained: Project) -> None:
    told: list[str] = []
    first_release(trained, by="anna", tell=told.append)
    (row,) = lifecycle.history(trained)
    assert (row.champion, row.trial, row.by) == (1, False, "anna")
    first_release(trained, by="anna", tell=told.append)
    assert len(lifecycle.history(trained)) == 1
    assert len(told) == 1


def test_a_project_with_nothing_said_is_trained_and_released_on_trial(untrained: Project) -> None:
    file = untrained.root / "mainstay.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("owner")), encoding="utf-8")
    told: list[str] = []
    first_release(open_project(untrained.root), by="anna", tell=told.append)
    assert lifecycle.history(untrained)[0].trial
    assert "on trial" in told[-1]


def test_a_table_becomes_a_project_and_is_found_again(
    simulated_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    folder = lifecycle.project_from_table(simulated_csv, "churned", tell=told.append)
    assert open_project(folder).name == "subscriptions"
    text = (folder / "mainstay.toml").read_text(encoding="utf-8")
    assert lifecycle.project_from_table(simulated_csv, "churned", tell=told.append) == folder
    assert (folder / "mainstay.toml").read_text(encoding="utf-8") == text
    assert told[-1] == f"using the project in {folder}"


def test_up_refuses_a_taken_port_before_it_trains(untrained: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port}"):
            lifecycle.up(untrained.root, host="127.0.0.1", port=port, every=60, by="anna", tell=print)
    assert lifecycle.versions(untrained) == ()


def test_up_refuses_a_port_for_grpc_that_the_dashboard_needs(
    untrained: Project, configure: Callable[[Project, str], Project]
) -> None:
    port = free_port("127.0.0.1", 18_300)
    project = configure(untrained, f"[serving]\ngrpc_port = {port + 1}")
    with pytest.raises(InputError, match=f"grpc_port to another, such as {port + 2}"):
        lifecycle.up(project.root, host="127.0.0.1", port=port, every=60, by="anna", tell=print)
    assert lifecycle.versions(project) == ()


def test_up_answers_is_watched_and_leaves_nothing_behind(
    trained: Project, configure: Callable[[Project, str], Project]
) -> None:
    project = configure(trained, '[monitoring]\nwindow = "0.5s"')
    port = free_port("127.0.0.1", 18_200)
    words = [sys.executable, "-m", "mainstay", "up", "--project", str(project.root), "--port", str(port)]
    with subprocess.Popen([*words, "--every", "0.2"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"Ctrl-C ends" in line:
                break
        else:
            pytest.fail("it ended before it answered")
        for path in (f":{port}/readyz", f":{port + 1}/livez"):
            assert urllib.request.urlopen(f"http://127.0.0.1{path}").status == 200
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(15) == 0
    left = subprocess.run(["pgrep", "-f", f"mainstay.*{project.root}"], check=False, capture_output=True, text=True)
    assert left.stdout == ""
    assert lifecycle.monitor(project, now=lifecycle.history(project)[0].at).version == 1
