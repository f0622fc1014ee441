"""`Crashes`: which versions ended the workers that loaded or asked them, and so are loaded here no more.

Every rule asks for more than one crash, since an operator's ``kill -9``, or a machine out of memory for another reason,
is no fault of the version that happened to be in the worker's hands.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.serving.arms.recorder import dead
from mainstay.state import private_folder, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mainstay.release import Release

Kind = Literal["loading", "answering"]

LOADING = 2
"""Workers that may end while they load a version, before it is loaded no more."""
ANSWERING = 3
"""Workers that may end while a version is asked, within a minute."""
WITHIN = dt.timedelta(minutes=1)
_LOOK = 0.01  # seconds
PAUSE = dt.timedelta(seconds=3)
"""How long a version that ended a worker isn't tried again: until that worker's place is taken."""


class Crash(msgspec.Struct, frozen=True):
    """A worker that ended without being asked to, with a version in its hands.

    Parameters
    ----------
    version : int
        Which one.
    release : int
        The moment of the release it was loaded for, in microseconds since 1970: another release tries it anew.
    kind : {"loading", "answering"}
        Whether it was being loaded, or asked.
    at : datetime
        When the crash was found, UTC.

    """

    version: int
    release: int
    kind: Kind
    at: dt.datetime


def moment(release: Release) -> int:
    """Give the moment of a release in microseconds since 1970: what tells it from every other."""
    return round(release.at.timestamp() * 1e6)


def barred(crashes: Sequence[Crash], version: int, release: int) -> str:
    """Say why a version is loaded no more for a release, as the end of a sentence; empty where it may be.

    Examples
    --------
    >>> at = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    >>> barred([Crash(3, 1, "loading", at)] * 2, 3, 1)
    'ended 2 workers while it was loaded'
    >>> barred([Crash(3, 1, "loading", at)] * 2, 3, 2)
    ''

    """
    mine = [crash for crash in crashes if (crash.version, crash.release) == (version, release)]
    loading = sum(crash.kind == "loading" for crash in mine)
    if loading >= LOADING:
        return f"ended {loading} workers while it was loaded"
    answering = sorted(crash.at for crash in mine if crash.kind == "answering")
    together = zip(answering, answering[ANSWERING - 1 :], strict=False)
    if any(last - first <= WITHIN for first, last in together):
        return f"ended {len(answering)} workers while it answered"
    return ""


def pausing(crashes: Sequence[Crash], version: int, release: int, now: dt.datetime) -> bool:
    """Say whether a version ended a worker a moment ago, so that it is tried once more, but not yet."""
    return any(
        (crash.version, crash.release, crash.kind) == (version, release, "loading") and now - crash.at < PAUSE
        for crash in crashes
    )


class Crashes:
    """The crashes of one model's workers on this machine: files in a folder that all of them read.

    Parameters
    ----------
    folder : Path
        Where the recorders of the workers are, too.
    clock : callable
        Gives the time, UTC.

    """

    def __init__(self, folder: Path, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._folder = folder
        self._clock = clock

    def gather(self) -> tuple[Crash, ...]:
        """Take in what the dead left, and give all that is known."""
        for last in dead(self._folder):
            version = last.loading or last.asked
            if version:
                self._keep(Crash(version, last.release, "loading" if last.loading else "answering", self._clock()))
        return self.known()

    def known(self) -> tuple[Crash, ...]:
        """Give all that is known."""
        return tuple(crash for path in self._paths() if (crash := _read(path)) is not None)

    def forgive(self, version: int, release: int) -> None:
        """Forget that a version ended workers while it was loaded: it was loaded since."""
        self._drop(lambda crash: (crash.version, crash.release, crash.kind) == (version, release, "loading"))

    def forget(self, release: int) -> None:
        """Forget what belongs to other releases than the one that is in force now."""
        self._drop(lambda crash: crash.release != release)
        for path in self._folder.glob("*.proved"):
            if path.name != _proved(release):
                with suppress(OSError):
                    path.unlink()

    @contextmanager
    def turn(self, release: int, patience: float = 0.0) -> Iterator[bool]:
        """Take the turn to load what a release names; gives False while another worker has it.

        One worker goes first, so that a version that ends workers ends one, and the others go on answering. Where one
        has loaded it, all others may at once.

        Parameters
        ----------
        release : int
            The moment of the release.
        patience : float
            Seconds to wait for it.

        """
        try:
            handle = os.open(self._folder / "first.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:  # nothing can be written here: each for itself
            yield True
            return
        try:
            yield self._wait(handle, release, time.monotonic() + patience)
        finally:
            os.close(handle)

    def proved(self, release: int) -> None:
        """Tell the other workers that what a release names could be loaded."""
        with suppress(OSError):
            (self._folder / _proved(release)).touch(mode=0o600)

    def _wait(self, handle: int, release: int, end: float) -> bool:
        while not (self._folder / _proved(release)).exists():
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(_LOOK)
        return True

    def _keep(self, crash: Crash) -> None:
        with suppress(OSError):  # where it can't be written it isn't known: the worker loads it again
            private_folder(self._folder)
            replace_file(self._folder / f"{secrets.token_hex(8)}.crash", msgspec.json.encode(crash))

    def _drop(self, which: Callable[[Crash], bool]) -> None:
        for path in self._paths():
            crash = _read(path)
            if crash is None or which(crash):
                with suppress(OSError):
                    path.unlink()

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.crash"))


def _proved(release: int) -> str:
    return f"{release}.proved"


def _read(path: Path) -> Crash | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Crash)
    except (OSError, msgspec.MsgspecError):
        return None
