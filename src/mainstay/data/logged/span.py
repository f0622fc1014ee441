"""`Span`: which part of the log is learned from, and what was known when."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.settings import DataSettings, Length
from mainstay.errors import InputError
from mainstay.project.lengths import seconds_of

if TYPE_CHECKING:
    from mainstay.contract import Contract
    from mainstay.events import EventLog
    from mainstay.project import Project

EVENTS = "events"
"""What ``[data] source`` says where the log is meant."""
_LENGTH = re.compile(r"[0-9]+(\.[0-9]+)?[smhdw]")


class _Watch(msgspec.Struct, frozen=True):
    label_delay: Length = "0s"


@dataclass(frozen=True)
class Span:
    """Which part of the log is learned from. The same span gives the same rows, whenever it is read.

    Parameters
    ----------
    project : Project
        Whose log.
    since, until : datetime
        Answers from the first moment on, until just before the second; from the beginning where `since` is None.
    known_at : datetime
        Outcomes that had arrived by then.
    contract : Contract, optional
        Says which features there are; the project's own unless given.
    log : EventLog, optional
        Another log than the project's own.
    settings_of : Project, optional
        Another project whose settings are in force: that of a version, which is made again elsewhere.

    """

    project: Project = field(repr=False)
    since: dt.datetime | None
    until: dt.datetime
    known_at: dt.datetime
    contract: Contract | None = field(default=None, repr=False)
    log: EventLog | None = field(default=None, repr=False)
    settings_of: Project | None = field(default=None, repr=False)

    @property
    def rules(self) -> Project:
        """The project whose settings are in force."""
        return self.settings_of or self.project

    @property
    def words(self) -> str:
        """The same for a reader."""
        begun = f"from {_said(self.since)} " if self.since else ""
        known = "" if self.known_at == self.until else f", outcomes known at {_said(self.known_at)}"
        return f"{begun}until {_said(self.until)}{known}"

    @property
    def delay(self) -> dt.timedelta:
        """How long outcomes take: ``[monitoring] label_delay``."""
        # The room that owns the section is above this one; it reads the rest, and refuses what can't be meant.
        return dt.timedelta(seconds=seconds_of(self.rules.section("monitoring", _Watch).label_delay or "0s"))


def read_span(
    project: Project, *, since: str = "", until: str = "", known_at: dt.datetime | None = None, now: dt.datetime
) -> Span:
    """Read which part of the log is meant; what isn't said here is as ``[data]`` says.

    Parameters
    ----------
    project : Project
        Whose log.
    since : str
        A moment (ISO 8601), or how far back from `until`: ``"90d"``.
    until : str
        A moment.
    known_at : datetime, optional
        Outcomes that had arrived by then; by `until` unless given.
    now : datetime
        What `until` is where nobody says it, UTC.

    Raises
    ------
    InputError
        Where one is neither, or lies in the future: more would still come in.

    """
    settings = project.section("data", DataSettings)
    end = _moment("until", until or settings.until) or now
    known_at = known_at or end
    if max(end, known_at) > now:
        raise InputError(
            f"until is {_said(max(end, known_at))}, which is still to come: more answers and outcomes will come in.",
            "Name a moment that has passed, or leave it out.",
        )
    back = since or settings.since
    begin = end - _length(back) if _LENGTH.fullmatch(back) else _moment("since", back)
    if begin is not None and begin >= end:
        raise InputError(f"since is {_said(begin)}, and until {_said(end)}: there is nothing between.", "Turn them.")
    return Span(project, begin, end, known_at)


def _length(text: str) -> dt.timedelta:
    try:
        return dt.timedelta(seconds=seconds_of(text))
    except OverflowError:
        raise InputError(f"since is {text}, longer than the calendar.", "Leave it out to read all there is.") from None


def _moment(name: str, text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        also = ", or how far back it reaches, such as 90d" if name == "since" else ""
        raise InputError(f"{name} is '{text}', which is no moment.", f"Write 2026-11-01T12:00:00Z{also}.") from None


def _said(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
