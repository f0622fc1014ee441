"""kill -9 and a failing disk while the log is shipped and looked after: each event is there exactly once, always."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.faults.apart import run_apart
from tests.faults.shipping import ACTIONS
from tests.faults.test_faults_points import ROOT, WHY_NOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can")


def walked(action: str, workshop: Path, fault: str, stride: int) -> dict[str, object]:
    words = [sys.executable, "-m", "tests.faults.shipping", action, str(workshop), fault, str(stride)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("action", "fault", "stride"), [("ship", "kill", 71), ("tend", "kill", 131), ("ship", "EIO", 3)]
)
def test_at_some_points(action: str, fault: str, stride: int, tmp_path: Path) -> None:
    found = walked(action, tmp_path, fault, stride)
    assert found["wrong"] == []
    assert int(str(found["points"])) >= 5


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["kill", "ENOSPC", "EIO"])
def test_at_every_point(action: str, fault: str, tmp_path: Path) -> None:
    assert walked(action, tmp_path, fault, 1)["wrong"] == []


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    found = run_apart("tests.faults.shipping", "full", str(tmp_path))
    assert "can't be used" in found["refused"]
    assert "No space left" in found["refused"]
    assert found["rows"] == [6, 6, 6]
