"""`Served`: one model as this process serves it: its books, its log, and who answers right now."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError, StoreError
from mainstay.events import FeedbackReader, IdMaker, Pseudonyms, open_pseudonyms
from mainstay.release import Presence, open_books
from mainstay.serving.lineup import Lineup, load_lineup
from mainstay.serving.settings import ServingSettings

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.release import Release

_LONGEST = 1000  # characters of a line to the operator
_AGAIN = 5.0  # seconds until a release that could not be loaded is tried again
_SELDOM = 60.0  # seconds until the same kind of thing is told again
_MOST_KINDS = 100


class Served:
    """One model: everything a request about it needs.

    The watcher's thread alone calls `look`; requests read `lineup` once each, so a swap falls between two of them.

    Parameters
    ----------
    project : Project
        Whose model.
    loopback : bool
        Whether only this machine can reach the server.

    Raises
    ------
    StoreError
        Where the books can't be opened.

    """

    def __init__(self, project: Project, *, loopback: bool) -> None:
        self.name = project.name
        self.settings = project.section("serving", ServingSettings)
        self.pseudonym: Pseudonyms = open_pseudonyms(project.books)
        books = open_books(project)
        self.events = books.log.settings
        self._registry = books.registry
        self._releases = books.releases
        self.presence = Presence(books.state)
        self._loopback = loopback
        self._failed = 0
        self._retry = 0.0
        self.predictions = books.log.writer("predictions")
        self.feedback = books.log.writer("feedback")
        self.refusals = books.log.writer("refusals")
        self.new_id = IdMaker()
        self.lineup: Lineup | None = None
        self.refused: Release | None = None
        """The newest release, while it can't be loaded here."""
        self.feedback_reader: FeedbackReader | None = None
        self.trouble = ""
        """Why the newest release isn't served, or the books can't be read; empty while all is well."""
        self.log_trouble = ""
        """Why the last event could not be written; empty while all is well."""

    @property
    def tried(self) -> int:
        """The newest release that was taken up or refused here."""
        return max(self._failed, self.lineup.release.id if self.lineup else 0)

    def look(self) -> bool:
        """Take up the newest release, if there is a newer one; returns whether there was.

        Whatever goes wrong, who answered before goes on answering.
        """
        try:
            last = self._releases.last_id(self.name)
            serving = self.lineup.release.id if self.lineup else 0
            if last == serving or (last == self._failed and time.monotonic() < self._retry):
                self.trouble = self.trouble if last == self._failed != serving else ""
                return False
            release = self._releases.current(self.name)
        except MainstayError as error:
            self.trouble = f"The release history can't be read, so the last known release stays: {error}"
            return False
        return self._take_up(release) if release else False

    def _take_up(self, release: Release) -> bool:
        try:
            lineup = load_lineup(
                self._registry,
                release,
                max_records=self.settings.max_records,
                loopback=self._loopback,
                previous=self.lineup,
            )
        except Exception as error:  # noqa: BLE001 - a bad bundle may fail in any way; the old one goes on
            said = str(error) if isinstance(error, MainstayError) else f"{type(error).__name__}: {error}"
            self.trouble = f"Release {release.id} isn't served: {said}"
            if self._failed != release.id:
                say(self.trouble)
            self.refused = release
            self._failed, self._retry = release.id, time.monotonic() + _AGAIN
            return True
        task = lineup.champion.bundle.policy.task
        self.feedback_reader = FeedbackReader(self.name, task, max_records=self.settings.max_records)
        self.lineup = lineup  # from here on, new requests
        self.trouble, self.refused, self._failed = "", None, 0
        return True

    def write(self, stream: str, lines: bytes) -> bool:
        """Append lines to the log; says whether they are in it.

        Raises
        ------
        StoreError
            Where they are not, and the project's policy is to refuse.

        """
        writer = {"predictions": self.predictions, "feedback": self.feedback, "refusals": self.refusals}[stream]
        try:
            writer.append(lines)
        except StoreError as error:
            self.log_trouble = error.message
            if self.events.when_full == "refuse" and stream != "refusals":
                raise
            return False
        self.log_trouble = ""
        return True

    def close(self) -> None:
        """Seal the log."""
        for writer in (self.predictions, self.feedback, self.refusals):
            writer.close()


class Seldom:
    """Tells whoever runs the server of each kind of thing at most once a minute."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def say(self, kind: str, sentence: str) -> None:
        """Tell, unless that kind was told within the minute."""
        now = time.monotonic()
        if now - self._said.get(kind, -_SELDOM) < _SELDOM:
            return
        if len(self._said) >= _MOST_KINDS:
            self._said.clear()
        self._said[kind] = now
        say(sentence)


def champion_of(release: Release) -> int:
    """Name the version that answers by a release."""
    return next(route.version for route in release.routes if route.role == "champion")


def say(sentence: str) -> None:
    """Tell whoever runs the server, in one line of bounded length."""
    print(f"mainstay: {' '.join(sentence.split())[:_LONGEST]}", file=sys.stderr, flush=True)  # noqa: T201 - the server's own voice
