"""`events ship`: sealed segments go into the tables of the event log, which are looked after once a day.

The controller does it on every machine, whether it leads or not: segments are local to the machine that wrote them.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import MainstayError, store_error
from mainstay.events import open_log
from mainstay.events.erasing.idle import destroy_idle
from mainstay.events.table.care import Tended, tend
from mainstay.events.table.shipping import Shipped, ship
from mainstay.release import open_books
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.contract import Contract
    from mainstay.project import Project

DAILY = dt.timedelta(days=1)
PATIENCE = dt.timedelta(minutes=10)
_FILE = "tended"
_COMMITS = 8  # of each stream at a turn of the controller: the next look doesn't wait for a whole backlog


class Shipping(msgspec.Struct, frozen=True, kw_only=True):
    """What was shipped, and done for the tables.

    Parameters
    ----------
    model : str
        Name of the model.
    segments, events : int
        Segments that were committed to the tables, and their events.
    damaged : int
        Lines that were torn or damaged; they are kept beside the segments, in folders called ``aside``.
    compacted : int
        Small files that were made fewer.
    expired : int
        Events that were deleted, being older than ``[events] keep``.
    vacuumed : int
        Files that no snapshot needed any more.
    removed : int
        Segments that were deleted after ``[events] keep_segments``.
    forgotten : int
        Keys of persons that were destroyed, since with the old events the last about them were deleted.

    """

    model: str
    segments: int = 0
    events: int = 0
    damaged: int = 0
    compacted: int = 0
    expired: int = 0
    vacuumed: int = 0
    removed: int = 0
    forgotten: int = 0

    @property
    def told(self) -> str:
        """Say what was done in a sentence; empty where nothing was."""
        parts = [
            f"{counted(self.events, 'event')} of {counted(self.segments, 'file')} shipped" if self.segments else "",
            f"{counted(self.damaged, 'damaged line')} kept aside" if self.damaged else "",
            f"{counted(self.compacted, 'small file')} of the tables made fewer" if self.compacted else "",
            f"{counted(self.expired, 'old event')} deleted" if self.expired else "",
            f"{counted(self.forgotten, 'key')} of persons destroyed, of whom nothing is left" if self.forgotten else "",
            f"{counted(self.removed, 'file')} deleted that had been shipped long ago" if self.removed else "",
        ]
        said = ", ".join(part for part in parts if part)
        return f"{self.model}: {said}." if said else ""


def ship_events(
    project: Project, *, now: dt.datetime, commits: int | None = None, patience: dt.timedelta = dt.timedelta()
) -> Shipping:
    """Ship what is sealed; once a day, look after the tables as well.

    Where events were deleted because of their age, the keys of persons of whom nothing is left go with them.

    Parameters
    ----------
    project : Project
        Whose log.
    now : datetime
        When this is, UTC.
    commits : int, optional
        How many commits to make at most for each stream.
    patience : timedelta
        Leave alone what is little and younger than this.

    Raises
    ------
    StoreError
        Where the tables can't be reached; nothing is lost, and the segments stay.

    """
    log = open_log(project)
    described = _Described(project)
    shipped = ship(log, contract_of=described.features, inputs_of=described.inputs, commits=commits, patience=patience)
    tended, forgotten = Tended(), 0
    if _is_due(log.root / _FILE, now):
        tended = tend(log, now)
        forgotten = destroy_idle(log) if tended.expired else 0
        _note(log.root / _FILE, now)
    return _told(project, shipped, tended, forgotten)


class Shipper:
    """What the controller ships by: a trouble is told once, and it is tried again at each turn.

    Parameters
    ----------
    tell : callable
        Takes the sentence.
    patience : timedelta
        What is little waits for this long, so that every look of a controller doesn't make a commit.

    """

    def __init__(self, tell: Callable[[str], None], patience: dt.timedelta = PATIENCE) -> None:
        self._tell = tell
        self._patience = patience
        self._last = ""

    def look(self, project: Project, now: dt.datetime) -> None:
        """Ship what is sealed; never raises what a person can mend."""
        try:
            done = ship_events(project, now=now, commits=_COMMITS, patience=self._patience)
        except (MainstayError, OSError) as error:
            said = str(store_error(error) if isinstance(error, OSError) else error)
            if said != self._last:
                self._tell(said)
            self._last = said
        else:
            self._last = ""
            if done.told:
                self._tell(done.told)


class _Described:
    """The contracts of versions, read once each; None where a version can't be had any more."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._read = lru_cache(maxsize=None)(self._bundle)

    def features(self, version: int) -> Contract | None:
        return self._read(version)[0]

    def inputs(self, version: int) -> Contract | None:
        return self._read(version)[1]

    def _bundle(self, version: int) -> tuple[Contract | None, Contract | None]:
        with open_books(self._project) as books:
            with suppress(MainstayError):
                bundle = books.registry.load_bundle(self._project.name, version, run=False)
                return bundle.contract, None if bundle.features is None else bundle.features.inputs
            with suppress(MainstayError):  # a framework that isn't here says nothing about its contract
                return books.registry.load_contract(self._project.name, version), None
        return None, None


def _told(project: Project, shipped: Shipped, tended: Tended, forgotten: int) -> Shipping:
    return Shipping(
        model=project.name,
        segments=shipped.segments,
        events=shipped.rows,
        damaged=shipped.damaged,
        compacted=tended.compacted,
        expired=tended.expired,
        vacuumed=tended.vacuumed,
        removed=tended.removed,
        forgotten=forgotten,
    )


def _is_due(file: Path, now: dt.datetime) -> bool:
    try:
        return file.stat().st_mtime < (now - DAILY).timestamp()
    except OSError:
        return True


def _note(file: Path, now: dt.datetime) -> None:
    with suppress(OSError):
        file.touch()
        os.utime(file, (now.timestamp(), now.timestamp()))
