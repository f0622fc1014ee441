"""``python -m mainstay.web`` as a process: it opens, shows, refuses in a sentence, and stops when told."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "mainstay.web"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a house" / "churn"
    folder.mkdir(parents=True)
    (folder / "mainstay.toml").write_text('[problem]\nname = "churn"\n', encoding="utf-8")
    return folder


def refused(*words: str) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_it_shows_a_project_without_a_model_and_stops_when_told(project: Path) -> None:
    before = sorted(path.name for path in project.rglob("*.toml"))
    with subprocess.Popen(
        [*COMMAND, "--project", str(project), "--port", "0"], stderr=subprocess.PIPE, text=True
    ) as it:
        assert it.stderr is not None
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+/", it.stderr.readline())
            assert address is not None
            with urllib.request.urlopen(address[0], timeout=20) as answer:  # noqa: S310 - our own loopback
                said = answer.read().decode()
            assert "churn answers nothing yet" in said
            assert "mainstay " in said.split("<pre>")[1]  # the one command that fills it
            with pytest.raises(urllib.error.HTTPError) as nowhere:
                urllib.request.urlopen(address[0] + "models/churn/rollback", timeout=20)  # noqa: S310 - the same
            assert nowhere.value.code == 409
            nowhere.value.close()
        finally:
            it.send_signal(signal.SIGTERM)
            it.wait(timeout=20)
        assert "Traceback" not in it.stderr.read()
    assert sorted(path.name for path in project.rglob("*.toml")) == before


def test_it_does_not_listen_beyond_this_machine(project: Path) -> None:
    code, said = refused("--project", str(project), "--host", "0.0.0.0")  # noqa: S104 - it refuses
    assert code == 2
    assert "doesn't listen on 0.0.0.0" in said
    assert "--insecure" in said


def test_a_port_in_use_is_one_sentence(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = refused("--project", str(project), "--port", str(port))
    assert code == 2
    assert f"Port {port}" in said
    assert "--port N" in said
    assert len(said.strip().splitlines()) == 1


def test_a_folder_without_a_project_is_one_sentence(tmp_path: Path) -> None:
    code, said = refused("--project", str(tmp_path))
    assert code == 2
    assert "mainstay.toml" in said
    assert "Traceback" not in said


def test_two_projects_of_one_name_are_refused(project: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    twin.mkdir()
    (twin / "mainstay.toml").write_text('[problem]\nname = "churn"\n', encoding="utf-8")
    code, said = refused("--project", str(project), "--project", str(twin))
    assert code == 2
    assert "same name" in said
