"""Every point at which an action touches the disk, and what is left when the process dies or the disk fails there.

``python -m tests.faults.points ACTION WORKSHOP FAULT STRIDE`` makes the books of a tiny project once, counts the system
calls by which an action changes files, and then, for each call of each kind, does the action again on a fresh copy with
that call killed (``kill``) or failing (``ENOSPC``, ``EIO``). The action runs in a forked child that ``strace`` has hold
of, so a point costs a tenth of a second. Afterwards the books must be sound: see `tests.faults.sound`. It prints one
JSON object: how many points there were, and what went wrong at which.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.actions import ACTIONS, RESUMED, prepare
from tests.faults.sound import Sight, complaints, look

from mainstay.errors import MainstayError
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.actions import Act

    from mainstay.project import Project

CALLS = (
    "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "write",
    "pwrite64", "fsync", "fdatasync", "ftruncate", "chmod", "fchmod", "fchmodat", "sendfile", "copy_file_range",
)  # fmt: skip
"""The calls by which a process changes files. Opening one to write is followed by one of them."""
_COUNTED = re.compile(r"^\d+ +(\w+)\(")
_RESUMED = {ACTIONS[name] for name in RESUMED}
_DONE, _REFUSED, _BROKEN = 0, 3, 4


def run(act: Act, project: Project, inject: str, log: Path, calls: Sequence[str] = CALLS) -> tuple[int, str]:
    """Do the action in a child with a fault in it; gives how it ended (minus the signal), and what it said."""
    # A socket and not a pipe: what the child says must not be one of the calls that are counted.
    hears, says = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        hears.close()
        os.kill(os.getpid(), signal.SIGSTOP)
        _act(act, project, says)
    says.close()
    os.waitpid(pid, os.WUNTRACED)
    words = ["strace", "-f", "-qq", "-p", str(pid), "-o", str(log), "-e", f"trace={','.join(calls)}"]
    words += ["-e", f"inject={inject}"] if inject else []
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE)
    _attached(pid, tracer)
    os.kill(pid, signal.SIGCONT)
    with hears, hears.makefile("rb") as heard:
        said = heard.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    _, errors = tracer.communicate(timeout=60)
    if tracer.returncode not in {0, -signal.SIGKILL, 128 + signal.SIGKILL} and b"attach" in errors:
        raise RuntimeError(errors.decode())
    return os.waitstatus_to_exitcode(status), said


def _attached(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    status = Path(f"/proc/{pid}/status")
    while f"TracerPid:\t{tracer.pid}" not in status.read_text(encoding="ascii", errors="replace"):
        if tracer.poll() is not None:
            raise RuntimeError(tracer.stderr.read().decode() if tracer.stderr else "strace ended")


def _act(act: Act, project: Project, says: socket.socket) -> None:
    code, said = _DONE, ""
    try:
        act(project)
    except MainstayError as error:
        code, said = _REFUSED, str(error)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
        code, said = _BROKEN, traceback.format_exc()
    says.sendall(said.encode())
    os._exit(code)


def points(act: Act, project: Project, log: Path) -> Counter[str]:
    """Count the calls of the action where nothing goes wrong."""
    code, said = run(act, project, "", log)
    if code != _DONE:
        raise RuntimeError(f"The action fails by itself: {said}")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return Counter(match[1] for line in lines if (match := _COUNTED.match(line)))


def walk(name: str, workshop: Path, fault: str, stride: int) -> Iterator[str]:
    """Try the action with the fault at every point, or each `stride`-th; gives a line for each that went wrong."""
    act, template, log = ACTIONS[name], workshop / "template", workshop / "log"
    prepare(template)
    counted = points(act, _copy(template, workshop), log)
    before, after = look(_project(template)), look(_project(workshop / "work"))
    yield str(sum(counted.values()))
    every = [(call, nth) for call, many in sorted(counted.items()) for nth in range(1, many + 1)]
    for call, nth in every[::stride]:
        project = _copy(template, workshop)
        how = "signal=SIGKILL" if fault == "kill" else f"error={fault}"
        code, said = run(act, project, f"{call}:{how}:when={nth}", log)
        for wrong in _wrong(act, project, code, said, (before, after)):
            yield f"{call} {nth}: {wrong}"


def _wrong(act: Act, project: Project, code: int, said: str, allowed: tuple[Sight, Sight]) -> Iterator[str]:
    if code not in {_DONE, _REFUSED, -signal.SIGKILL}:
        yield f"ended with {code}: {said[-600:]}"
    if code == _REFUSED and ("Errno" in said or len(said) < 20):
        yield f"said nothing that helps: {said}"
    before, after = allowed
    seen = look(project)
    if seen not in allowed:
        yield f"neither before nor after: {seen}"
    if code == _DONE and seen != after:
        yield f"said it was done, and it isn't: {seen}"
    if code == _REFUSED and seen != before and act not in _RESUMED:
        yield f"refused ({said[:200]}), and it was done: {seen}"
    yield from complaints(project)


def _copy(template: Path, workshop: Path) -> Project:
    work = workshop / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(template, work, symlinks=True)
    return _project(work)


def _project(folder: Path) -> Project:
    return open_project(folder / "churn")


def main(name: str, workshop: str, fault: str, stride: str) -> None:
    """Walk, and say what was found."""
    place = Path(workshop)
    place.mkdir(parents=True, exist_ok=True)
    found = walk(name, place, fault, int(stride))
    print(json.dumps({"points": int(next(found)), "wrong": list(found)}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
