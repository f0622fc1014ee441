"""`Presence`: which release each worker of each server answers by, told by the workers themselves."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from mainstay.errors import StoreError
from mainstay.state import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mainstay.release.release import Release
    from mainstay.state import State

BEAT = 2.0
"""Seconds between two words of a worker, give or take a fifth."""
GONE = 3.5 * BEAT
"""Seconds of silence after which a worker counts as gone: three words were missed."""
AGAIN = 1.5 * BEAT
"""Seconds in which a worker that lives has spoken again."""
_SKEW = 1.0  # seconds a word may be of the future before the clock is said to have been set back
_NAMES = ("model", "worker", "machine", "pid", "release", "since", "tried", "tried_since", "trouble", "beat", "at")
_WORKERS = sa.table("workers", *(sa.column(name) for name in _NAMES))
_OF_MODEL = sa.select(_WORKERS).where(_WORKERS.c.model == sa.bindparam("m")).order_by(_WORKERS.c.worker)
_MINE = (_WORKERS.c.model == sa.bindparam("m")) & (_WORKERS.c.worker == sa.bindparam("w"))


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's last word.

    Parameters
    ----------
    model : str
        Name of the model.
    worker : str
        Its own name, unique per process.
    machine : str
        Where it runs.
    pid : int
        Its process there.
    release : int
        The release it answers by; 0 before the first.
    since : str
        When that release was made, as the history has it: a registry that was restored gives its number again.
    tried, tried_since
        The newest release it took up or refused.
    trouble : str
        Why it refused that one, or what else is wrong; empty while all is well.
    beat : int
        How many words it has said.
    silent : float
        Seconds since then, by the clock of the database; below 0 where that clock was set back meanwhile.

    """

    model: str
    worker: str
    machine: str
    pid: int
    release: int
    since: str = ""
    tried: int = 0
    tried_since: str = ""
    trouble: str = ""
    beat: int = 0
    silent: float = 0.0

    def answers_by(self, release: Release) -> bool:
        """Say whether it answers by a release."""
        return (self.release, self.since) == (release.id, to_text(release.at))

    def has_tried(self, release: Release) -> bool:
        """Say whether it took up or refused a release."""
        return (self.tried, self.tried_since) == (release.id, to_text(release.at))

    @property
    def heard(self) -> bool:
        """Whether its last word is of lately; where it isn't, the clock may have been set, so listen first."""
        return -_SKEW <= self.silent < GONE


class Presence:
    """The workers of every model.

    Whether one lives is told by its words: by the database's one clock where that clock is sane, and by whether the
    worker's own count moves where it isn't. Clocks of several machines are never compared.

    Parameters
    ----------
    state : State
        Where they are written.

    """

    def __init__(self, state: State) -> None:
        self._state = state

    def tell(self, word: Worker) -> None:
        """Write a worker's word in place of its last one: one row.

        Raises
        ------
        StoreError
            Where it can't be written.

        """
        with self._state.begin() as connection:
            row = {name: getattr(word, name) for name in _NAMES if name != "at"} | {"at": to_text(_clock(connection))}
            where = {"m": word.model, "w": word.worker}
            if not connection.execute(sa.update(_WORKERS).where(_MINE).values(row), where).rowcount:
                connection.execute(sa.insert(_WORKERS).values(row))

    def leave(self, model: str, worker: str) -> None:
        """Take a worker's row away: it ended in order."""
        with self._state.begin() as connection:
            connection.execute(sa.delete(_WORKERS).where(_MINE), {"m": model, "w": worker})

    def rows(self, model: str) -> tuple[Worker, ...]:
        """Give every worker's last word, of those that are gone too.

        Raises
        ------
        StoreError
            Where it can't be read.

        """
        with self._state.read() as connection:
            found = connection.execute(_OF_MODEL, {"m": model}).all()
            now = _clock(connection) if found else dt.datetime.now(dt.UTC)
        return tuple(_worker(row, now) for row in found)

    def serving(self, model: str, *, sleep: Callable[[float], None] = time.sleep) -> tuple[Worker, ...]:
        """Give the workers that live.

        Where a row is old, or of the future, its worker is given the time to speak again; one that doesn't is gone, and
        so is its row.

        Parameters
        ----------
        model : str
            Which model's.
        sleep : callable
            Waits so many seconds.

        """
        before = self.rows(model)
        if all(row.heard for row in before):
            return before
        sleep(AGAIN)
        now = self.rows(model)
        spoken = {row.worker: row.beat for row in before}
        gone = [row for row in now if not row.heard and row.beat == spoken.get(row.worker)]
        with suppress(StoreError):  # whoever may only read leaves them
            self.forget(gone)
        return tuple(row for row in now if row not in gone)

    def forget(self, gone: Sequence[Worker]) -> None:
        """Take away the rows of workers that are gone, unless they spoke meanwhile."""
        if not gone:
            return
        with self._state.begin() as connection:
            for row in gone:
                silent = _MINE & (_WORKERS.c.beat == row.beat)
                connection.execute(sa.delete(_WORKERS).where(silent), {"m": row.model, "w": row.worker})


class Listener:
    """Tells the living from the gone by whether their words go on, by this process's own clock that nobody sets.

    Parameters
    ----------
    clock : callable
        Gives seconds that only grow.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: dict[str, tuple[int, float]] = {}
        self._spoke: set[str] = set()

    def hear(self, rows: Iterable[Worker]) -> None:
        """Take in what the rows say now."""
        now = self._clock()
        for row in rows:
            known = self._heard.get(row.worker)
            if known is None or known[0] != row.beat:
                self._heard[row.worker] = (row.beat, now)
            if known is not None and known[0] != row.beat:
                self._spoke.add(row.worker)

    def spoke(self, row: Worker) -> bool:
        """Say whether a worker said something new while somebody listened."""
        return row.worker in self._spoke

    def gone(self, rows: Iterable[Worker], after: float = GONE) -> tuple[Worker, ...]:
        """Name those that said nothing new for so many seconds, though somebody listened."""
        now = self._clock()
        return tuple(row for row in rows if now - self._heard.get(row.worker, (0, now))[1] > after)


def lagging(row: Worker) -> str:
    """Say of a worker that it is behind, and why.

    Examples
    --------
    >>> lagging(Worker(model="churn", worker="a", machine="here", pid=7, release=1, trouble="Its file is damaged."))
    'process 7 on here answers by release 1: Its file is damaged.'

    """
    by = f"answers by release {row.release}" if row.release else "answers by no release yet"
    why = row.trouble or f"it said nothing about it (last heard of {max(0.0, row.silent):.0f} s ago)"
    return f"process {row.pid} on {row.machine} {by}: {why}"


def _worker(row: sa.Row[Any], now: dt.datetime) -> Worker:
    return Worker(
        model=row.model,
        worker=row.worker,
        machine=row.machine,
        pid=row.pid,
        release=row.release,
        since=row.since,
        tried=row.tried,
        tried_since=row.tried_since,
        trouble=row.trouble,
        beat=row.beat,
        silent=(now - from_text(row.at)).total_seconds(),
    )


def _clock(connection: sa.Connection) -> dt.datetime:
    """Ask the one clock that all who share a database have: its server's, or that of the machine the file is on."""
    if connection.dialect.name == "postgresql":
        now: dt.datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now
    return dt.datetime.now(dt.UTC)
