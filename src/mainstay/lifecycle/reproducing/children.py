"""Processes of a reproduction: each with a deadline, without a shell, and gone when it is over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ELSEWHERE = ("MAINSTAY_STATE", "MAINSTAY_STORE", "MLFLOW_TRACKING_URI", "MAINSTAY_SIGNING_KEY", "PYTHONSTARTUP")
"""What would lead a process to other books than its throw-away ones."""


class Deadline:
    """So many seconds for all of it.

    Parameters
    ----------
    seconds : float
        From now on.

    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds that are left; a little where none are, so that what is started is stopped in one place."""
        return max(self.seconds - self.spent, 0.01)


class _Told(msgspec.Struct, frozen=True):
    message: str
    cure: str = ""


@dataclass(frozen=True)
class Ran:
    """What came of a process."""

    code: int
    out: str
    said: str

    @property
    def last(self) -> str:
        """What it said last, without who said it: where mainstay answers in JSON, its sentence."""
        try:
            refusal = msgspec.json.decode(self.out.strip().rpartition("\n")[2], type=_Told)
            return f"{refusal.message} {refusal.cure}".strip()
        except msgspec.MsgspecError:
            pass
        lines = [line.strip() for line in (self.said or self.out).splitlines() if line.strip()]
        ours = [line for line in lines if line.startswith(("mainstay: ", "ERROR: "))]
        told = (ours or lines or [f"it ended with {self.code} and said nothing"])[-1]
        return told.removeprefix("mainstay: ").removeprefix("ERROR: ")[:500]


def run(
    command: Sequence[str | Path], deadline: Deadline, *, fresh: bool, given: str = "", folder: Path | None = None
) -> Ran:
    """Run a command, and end it and its children at the deadline.

    Parameters
    ----------
    command : sequence
        The program and its words.
    deadline : Deadline
        How long it may take.
    fresh : bool
        Whether it belongs to another environment than this process's, whose paths then mean nothing to it.
    given : str
        For its standard input.
    folder : Path, optional
        Where it runs.

    Raises
    ------
    SetupError
        Where it can't be started, or time is up.

    """
    words = [str(word) for word in command]
    try:
        child = subprocess.Popen(  # noqa: S603 - a list and no shell
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(fresh=fresh),
            cwd=folder,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
    except OSError as error:
        raise SetupError(f"{words[0]} can't be started: {error.strerror}.", "Is it installed?") from None
    try:
        out, said = child.communicate(given, timeout=deadline.left)
    except subprocess.TimeoutExpired:
        raise SetupError(
            f"It took longer than {deadline.seconds:g} s and was ended.", "Give it longer: --timeout SECONDS"
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
    return Ran(child.returncode, out, said)


def _environment(*, fresh: bool) -> dict[str, str]:
    gone = {*_ELSEWHERE, *(("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV") if fresh else ())}
    return {name: value for name, value in os.environ.items() if name not in gone}
