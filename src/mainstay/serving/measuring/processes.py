"""What the processes of a server use, as Linux tells it; elsewhere nothing is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mainstay.serving.measuring.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROC = Path("/proc")
_STAT = Path("/proc/stat")


class Used(NamedTuple):
    """What a process uses.

    Parameters
    ----------
    cpu : float
        Seconds of processor time, its own and the system's for it.
    memory : int
        Bytes that are resident.
    files : int
        Open files and connections.
    since : float
        When it began, seconds since 1970.

    """

    cpu: float
    memory: int
    files: int
    since: float


def tell_processes(pids: Mapping[str, int]) -> Iterator[Told]:
    """Tell what each process uses, by the names they are given."""
    used = {(name,): found for name, pid in pids.items() if (found := look_at(pid)) is not None}
    told = (
        ("process_cpu_seconds", "counter", "Processor time."),
        ("process_resident_memory_bytes", "gauge", "Memory that is resident."),
        ("process_open_fds", "gauge", "Open files and connections."),
        ("process_start_time_seconds", "gauge", "When the process began."),
    )
    for place, (name, kind, text) in enumerate(told):
        rows = {labels: found[place] for labels, found in used.items()}
        yield Told(name, kind, text, ("worker",), rows)  # type: ignore[arg-type]  # one of the kinds


def look_at(pid: int) -> Used | None:
    """Say what a process uses; nothing where there is none, or the system doesn't tell.

    Examples
    --------
    >>> used = look_at(os.getpid())
    >>> used is None or (used.cpu > 0 and used.memory > 1_000_000 and used.files > 2)
    True

    """
    folder = _PROC / str(pid)
    try:
        # Behind the name, which may hold anything in its parentheses; the first word there is the third of proc(5).
        words = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        files = len(os.listdir(folder / "fd"))  # noqa: PTH208 - a path for each would cost more than the look
    except OSError:
        return None
    hertz = os.sysconf("SC_CLK_TCK")
    return Used(
        cpu=(int(words[11]) + int(words[12])) / hertz,
        memory=int(words[21]) * os.sysconf("SC_PAGE_SIZE"),
        files=files,
        since=_booted() + int(words[19]) / hertz,
    )


def _booted() -> int:
    for line in _STAT.read_bytes().splitlines():
        if line.startswith(b"btime "):
            return int(line[6:])
    return 0
