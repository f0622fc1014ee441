"""A clock that is set back, or forward: order is by number, never by time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.faults.actions import prepare
from tests.faults.sound import complaints

from mainstay.project import open_project
from mainstay.release import open_books

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    shutil.which("faketime") is None, reason="NOT TESTED with another clock: apt-get install faketime"
)


def mainstay(root: Path, offset: str, *words: str) -> Any:
    """Run a command while the clock is wrong by `offset`; gives its JSON."""
    command = [sys.executable, "-m", "mainstay", *words, "--project", str(root), "--json"]
    # Monotonic clocks go on, as they do on a machine whose clock is set.
    environment = {**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    done = subprocess.run(
        ["faketime", offset, *command], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_release_under_a_clock_that_was_set_back_is_in_force_and_rolls_back(tmp_path: Path) -> None:
    prepare(tmp_path)
    root = tmp_path / "churn"
    released = mainstay(root, "-2 days", "release", "3", "--trial", "--reason", "better")
    assert released["id"] == 3
    project = open_project(root)
    with open_books(project) as books:
        history = books.releases.history(project.name)
        assert history[-1].champion == 3
        assert history[-1].at < history[-2].at
    assert mainstay(root, "+2 days", "rollback", "--reason", "worse")["id"] == 4
    with open_books(project) as books:
        assert books.release_in_force().champion == 2
    assert not list(complaints(project))
    notes = [one["message"] for one in mainstay(root, "+0 days", "admin", "doctor")["complaints"]]
    assert any("a clock was set back" in note for note in notes)
