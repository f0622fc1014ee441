"""``python -m tests.faults.read_only WORKSHOP``: the books on a disk that can only be read.

Prints, for each command, its exit code and what it said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.actions import prepare
from tests.faults.apart import mount

COMMANDS = (
    ("status",),
    ("history",),
    ("version", "list"),
    ("admin", "doctor"),
    ("release", "3", "--trial", "--reason", "better"),
    ("rollback", "--reason", "worse"),
    ("approve", "3", "--reason", "good"),
)


def main(workshop: str) -> None:
    """Try every command."""
    place = Path(workshop)
    prepare(place)
    books = place / "churn" / ".mainstay"
    mount("--bind", str(books), str(books))
    mount("-o", "remount,ro,bind", str(books))
    said = {}
    for words in COMMANDS:
        command = [sys.executable, "-m", "mainstay", *words, "--project", str(place / "churn")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        said[" ".join(words[:2])] = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
    print(json.dumps(said))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
