"""``python -m tests.faults.full_disk WORKSHOP``: each action on a disk with ever more room, from none to enough.

Prints one JSON object: for each action at how many sizes it was refused, at how many done, and what went wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.faults.actions import ACTIONS, prepare
from tests.faults.apart import mount
from tests.faults.sound import Sight, complaints, look

from mainstay.errors import MainstayError
from mainstay.project import open_project

_STEP = 8 * 1024
_MOST = 60


def main(workshop: str) -> None:
    """Try every action."""
    place = Path(workshop)
    template, disk = place / "template", place / "disk"
    disk.mkdir()
    prepare(template)
    print(json.dumps({name: tried(name, template, disk) for name in ACTIONS}))  # noqa: T201 - read by the test


def tried(name: str, template: Path, disk: Path) -> dict[str, object]:
    """Try an action with ever more room, and once more after room was made."""
    refused, done, wrong = 0, 0, []
    for step in range(_MOST):
        mount("-t", "tmpfs", "-o", "size=8m", "none", str(disk))
        shutil.copytree(template, disk / "work")
        before = look(open_project(disk / "work" / "churn"))
        free = os.statvfs(disk)
        (disk / "filler").write_bytes(bytes(free.f_bavail * free.f_frsize - step * _STEP))
        try:
            ended, found = _once(name, disk, before)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
        refused, done = refused + (ended == "refused"), done + (ended == "done")
        wrong += [f"with {step * _STEP} bytes: {one}" for one in found]
        if done > 2:
            break
    return {"refused": refused, "done": done, "wrong": wrong}


def _once(name: str, disk: Path, before: Sight) -> tuple[str, list[str]]:
    project = open_project(disk / "work" / "churn")
    try:
        ACTIONS[name](project)
    except MainstayError as error:
        ended, said = "refused", str(error)
    else:
        ended, said = "done", ""
    (disk / "filler").unlink()
    found = list(complaints(project))
    if said and not any(words in said for words in ("disk is full", "No space", "there is no room")):
        found.append(f"doesn't say that the disk is full: {said}")
    if (look(project) == before) != (ended == "refused"):
        found.append(f"says it was {ended}, and it wasn't: {said}")
    if ended == "refused":
        ACTIONS[name](project)  # there is room now
        found += [] if look(project) != before else ["with room nothing was done"]
    return ended, found


if __name__ == "__main__":
    main(*sys.argv[1:])
