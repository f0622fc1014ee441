"""`EventLog`: the folder of streams, and its writers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from mainstay.events.ids import IdMaker
from mainstay.events.persons import Persons, open_persons
from mainstay.events.records import Action, Event, Found, encode_events
from mainstay.events.segments import segments
from mainstay.events.settings import EventsSettings
from mainstay.events.writer import Writer
from mainstay.project.stores import is_object_store

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from mainstay.events.table.place import Opened
    from mainstay.measures.finding import Finding
    from mainstay.project import Project

Stream = Literal["predictions", "feedback", "refusals", "findings", "actions", "audit"]
STREAMS: tuple[Stream, ...] = get_args(Stream)


class EventLog:
    """Book 2 of one project: append-only streams of events. Not thread-safe: one per thread.

    Parameters
    ----------
    root : Path
        Its folder; made with the first event.
    settings : EventsSettings, optional
        How safely, and in what portions, it is written.
    model : str, optional
        Whose it is: by that name the keys of its persons are found where several projects share a database.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> from pathlib import Path
    >>> from mainstay.events import Action
    >>> log = EventLog(Path(tempfile.mkdtemp()))
    >>> at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    >>> log.append("actions", [Action(id="1", model="m", kind="alert", subject="s", at=at, by="me", message="!")])
    >>> len(log.segments("actions"))
    1
    >>> log.close()

    """

    def __init__(self, root: Path, settings: EventsSettings | None = None, *, model: str = "") -> None:
        self.root = root
        self.settings = settings or EventsSettings()
        self.model = model
        self.opened: dict[Stream, Opened] = {}
        """The tables that were read, each as it was opened last (`mainstay.events.table.place.see_table`)."""
        self._writers: dict[Stream, Writer] = {}

    def writer(self, stream: Stream, name: str = "", *, syncs: bool = True) -> Writer:
        """Make a writer of its own segments in one stream; `name` (default: the process id) tells whose they are.

        Without `syncs` somebody else forces to the disk what it appends, where the settings ask for that.
        """
        return Writer(self.root / stream, name or str(os.getpid()), self.settings, syncs=syncs)

    def append(self, stream: Stream, events: Iterable[Event]) -> None:
        """Append events now and then; what is written often takes a `writer` instead."""
        lines = encode_events(list(events))
        if not lines:
            return
        if stream not in self._writers:
            self._writers[stream] = self.writer(stream)
        self._writers[stream].append(lines)

    def segments(
        self, stream: Stream, since: dt.datetime | None = None, until: dt.datetime | None = None
    ) -> tuple[Path, ...]:
        """List the files that may hold a stream's events of the span, oldest first."""
        return segments(self.root / stream, since, until)

    @property
    def persons(self) -> Persons:
        """The keys of those whom the log holds something personal about; close it after use."""
        return open_persons(self.root.parent, self.model, durable=self.settings.durability == "disk")

    def close(self) -> None:
        """Seal what `append` wrote."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def open_log(project: Project) -> EventLog:
    """Open a project's event log, with its ``[events]`` settings; a folder for its tables is seen from the project."""
    settings = project.section("events", EventsSettings)
    if settings.table and not is_object_store(settings.table):
        settings = msgspec.structs.replace(settings, table=str(project.root / settings.table))
    return EventLog(project.books / "events", settings, model=project.name)


def log_findings(
    log: EventLog,
    model: str,
    at: dt.datetime,
    findings: Iterable[Finding],
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> None:
    """Write what one look at a window found."""
    make = IdMaker()
    log.append(
        "findings",
        [Found(event=make(), at=at, model=model, finding=found, since=since, until=until) for found in findings],
    )


def log_actions(log: EventLog, actions: Iterable[Action]) -> None:
    """Write what was done."""
    log.append("actions", actions)
