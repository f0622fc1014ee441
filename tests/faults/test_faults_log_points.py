"""A write, a sync or an opening of the event log that fails, whichever it is: nothing acknowledged is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.faults.test_faults_points import ROOT, WHY_NOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can")


def walked(workshop: Path, durability: str, error: str, stride: int, turns: int = 60) -> Mapping[str, object]:
    words = [sys.executable, "-m", "tests.faults.log_points", str(workshop), durability, error, str(stride), str(turns)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


QUICK = [("disk", "EIO", 29), ("disk", "kill", 67), ("process", "ENOSPC", 31), ("async", "EINTR", 9)]


@pytest.mark.parametrize(("durability", "error", "stride"), QUICK)
def test_the_log_at_some_points(tmp_path: Path, durability: str, error: str, stride: int) -> None:
    found = walked(tmp_path, durability, error, stride)
    assert found["wrong"] == []
    assert int(str(found["points"])) >= 1


@pytest.mark.full
@pytest.mark.parametrize("durability", ["disk", "process", "async"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EINTR"])
def test_the_log_at_every_point(tmp_path: Path, durability: str, error: str) -> None:
    found = walked(tmp_path, durability, error, 1)
    assert found["wrong"] == []
    assert int(str(found["points"])) >= {"disk": 100, "process": 60, "async": 30}[durability]


@pytest.mark.full
@pytest.mark.parametrize("durability", ["disk", "process"])
def test_a_kill_at_every_point(tmp_path: Path, durability: str) -> None:
    found = walked(tmp_path, durability, "kill", 1)
    assert found["wrong"] == []
    assert int(str(found["points"])) >= 60


@pytest.mark.full
def test_the_log_at_two_hundred_points_of_each_call(tmp_path: Path) -> None:
    found = walked(tmp_path, "disk", "EIO", 1, turns=400)
    assert found["wrong"] == []
    assert int(str(found["points"])) >= 400
