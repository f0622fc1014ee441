"""Faults that need a file system of their own: a process in a mount namespace, which nobody sees and which ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_APART = ["unshare", "--mount", "--propagation", "private"]


def run_apart(module: str, *words: str, seconds: float = 300) -> Any:
    """Run ``python -m module`` where it may mount; gives the JSON it prints. Skips loudly where that can't be had."""
    if shutil.which("unshare") is None:
        pytest.skip("NOT TESTED on a file system of its own: unshare isn't there")
    allowed = [*_APART, "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]
    tried = subprocess.run(allowed, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"NOT TESTED on a file system of its own: {tried.stderr.strip()}")
    command = [*_APART, sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def mount(*words: str) -> None:
    """Mount something, in the namespace this process is alone in."""
    subprocess.run(["mount", *words], check=True, capture_output=True)
