"""Servers as processes: started in a session of their own, pinned, waited for, weighed, and gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PATIENCE = 90.0  # seconds
_REST, _IDLE = 3.0, 0.02  # seconds: at most so long, or busy for no more than this in a tenth of a second
JSON = {"Content-Type": "application/json"}


class StartError(Exception):
    """A server that never answered."""


@dataclass
class Server:
    """One server under way; it and all it started end with the ``with``.

    Parameters
    ----------
    process : Popen
        What was started.
    log : Path
        What it says.
    began : float
        When it was started, by `time.perf_counter`.

    """

    process: subprocess.Popen[bytes]
    log: Path
    began: float

    @classmethod
    def start(cls, words: Sequence[str], environment: Mapping[str, str], log: Path, cores: str) -> Self:
        """Start a command on some of the cores (``"0"``, ``"0,1"``)."""
        pinned = [*_pin(cores), *words]
        surroundings = {**os.environ, **environment}
        for name in ("PYTHONHOME", "VIRTUAL_ENV"):
            surroundings.pop(name, None)
        with log.open("wb") as file:
            process = subprocess.Popen(
                pinned,
                env=surroundings,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        return cls(process, log, time.perf_counter())

    def wait(self, url: str, body: bytes, headers: Mapping[str, str]) -> float:
        """Ask until the first 200; gives the seconds since the start.

        Raises
        ------
        StartError
            Where there never is one.

        """
        last = "nothing"
        while time.perf_counter() - self.began < _PATIENCE and self.process.poll() is None:
            try:
                post(url, body, headers)
            except urllib.error.HTTPError as error:
                last = f"{error.code} {error.read()[:300]!r}"
            except OSError as error:
                last = str(error)
            else:
                return time.perf_counter() - self.began
            time.sleep(0.005)
        said = self.log.read_text(encoding="utf-8", errors="replace")[-1500:]
        raise StartError(f"it never answered 200, but {last}; it said:\n{said}")

    def cpu_seconds(self) -> float:
        """Say what it and all it started have used until now, that of those that ended included."""
        return sum(sum(map(int, fields[11:15])) for _, fields in self._members()) / _TICK

    def rss_megabytes(self) -> float:
        """Say what the largest of its processes holds: the worker, where there are others around it."""
        return max((int(fields[21]) * _PAGE / 1e6 for _, fields in self._members()), default=0.0)

    def settle(self) -> None:
        """Wait until it has done with what the client left behind: a slow one goes on answering nobody for a while."""
        end, before = time.perf_counter() + _REST, -1.0
        while time.perf_counter() < end and (now := self.cpu_seconds()) - before > _IDLE:
            before = now
            time.sleep(0.1)

    def pause(self) -> None:
        """Keep it from using the machine while others are timed."""
        self._tell(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._tell(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Those that were told to stop can't hear anything but this.
        while self._members():
            self._tell(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)

    def _tell(self, number: signal.Signals) -> None:
        for pid, _ in self._members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _members(self) -> list[tuple[int, list[str]]]:
        """Find what belongs to it: its session, and whatever descends from it in sessions of their own."""
        everyone = dict(_processes())
        found = {pid for pid, fields in everyone.items() if int(fields[3]) == self.process.pid}
        while more := {pid for pid, fields in everyone.items() if int(fields[1]) in found} - found:
            found |= more
        return [(pid, everyone[pid]) for pid in found if everyone[pid][0] not in "ZX"]


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Give what every process says of itself: its state first, its parent second, its session fourth."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                yield int(folder.name), text.rpartition(")")[2].split()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Send one request; gives the body of a 200, raises OSError for anything else."""
    request = urllib.request.Request(url, body, JSON | dict(headers))  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: bytes = answer.read()
        return found


def _pin(cores: str) -> list[str]:
    taskset = shutil.which("taskset")
    return [taskset, "-c", cores] if taskset else []
