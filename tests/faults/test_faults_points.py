"""kill -9, a full disk and a failing disk at every system call that changes a file: before or after, never between."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.actions import ACTIONS

ROOT = Path(__file__).resolve().parents[2]
_FEWEST = {"register": 60, "release": 5, "canary": 5, "rollback": 5, "approve": 5}


def _traceable() -> str:
    if shutil.which("strace") is None:
        return "NOT TESTED with faults at every system call: strace isn't there (apt-get install strace)"
    tried = subprocess.run(["strace", "-qq", "true"], capture_output=True, text=True, check=False)
    return f"NOT TESTED with faults at every system call: {tried.stderr.strip()}" if tried.returncode else ""


WHY_NOT = _traceable()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can")


def walked(action: str, workshop: Path, fault: str, stride: int) -> dict[str, object]:
    words = [sys.executable, "-m", "tests.faults.points", action, str(workshop), fault, str(stride)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


QUICK = [*((action, "kill") for action in ACTIONS), ("register", "ENOSPC"), ("collect", "ENOSPC"), ("release", "EIO")]


@pytest.mark.parametrize(("action", "fault"), QUICK)
def test_at_some_points(action: str, fault: str, tmp_path: Path) -> None:
    found = walked(action, tmp_path, fault, 13)
    assert found["wrong"] == []
    assert int(str(found["points"])) >= _FEWEST.get(action, 5)


@pytest.mark.full
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["kill", "ENOSPC", "EIO"])
def test_at_every_point(action: str, fault: str, tmp_path: Path) -> None:
    assert walked(action, tmp_path, fault, 1)["wrong"] == []
