"""`Served`: one model as this process serves it: its books, its log, and who answers right now."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError, StoreError
from mainstay.events import FeedbackReader, IdMaker, Pseudonyms, open_pseudonyms
from mainstay.release import Presence, ReleaseSettings, open_books
from mainstay.serving.arms import Proving
from mainstay.serving.arms.crashes import moment
from mainstay.serving.arms.findings import unloaded
from mainstay.serving.following.continuity import Continuity, same
from mainstay.serving.following.known import FOLDER, Known, read_known, succeed, write_known
from mainstay.serving.following.reach import Reach
from mainstay.serving.following.shelf import Shelf, roots_of
from mainstay.serving.hiding import Hiding
from mainstay.serving.lineup import Lineup, load_lineup
from mainstay.serving.process.voice import Seldom, say
from mainstay.serving.settings import ServingSettings
from mainstay.serving.streams import Streams

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mainstay.project import Project
    from mainstay.release import Release

__all__ = ["Seldom", "Served", "champion_of", "say"]

_LONGEST = 1000  # characters of a finding's note
_AGAIN = 5.0  # seconds until a release that could not be loaded is tried again
_PATIENCE = 5.0  # seconds a worker that answers nothing yet waits while another one loads a release first
_POLITE = 1.0  # the same where it answers by an older one


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
        Where the books can't be opened, and this machine never served this model.

    """

    def __init__(self, project: Project, *, loopback: bool) -> None:
        self.name = project.name
        self.settings = project.section("serving", ServingSettings)
        self.pseudonym: Pseudonyms = open_pseudonyms(project.books)
        self._project = project
        self._control = project.section("release", ReleaseSettings).control
        self._loopback = loopback
        self.known = self._remember()
        """The release this machine served last, now or before this process began."""
        books = open_books(project, late=self.known is not None)
        self._state = books.state
        self._releases = books.releases
        self.presence = Presence(books.state)
        self._proving = Proving(project.name, project.books / FOLDER / "workers")
        loads = self._proving.recorder.loads
        self._shelf = Shelf(books.registry, self.settings.max_records, roots_of(project), loads)
        self._continuity = Continuity(books.releases, lambda: read_known(project))
        self._swap = threading.Lock()
        self._again = 0.0
        self.new_id = IdMaker()
        self.log = Streams(books.log, project.name, self.new_id)
        self.hiding = Hiding(books.log.persons)
        self.lineup: Lineup | None = None
        self.refused: Release | None = None
        """The newest release, while it can't be loaded here."""
        self.by_file = False
        """Whether what answers was found in this machine's own file, the registry not having been heard of since."""
        self.feedback_reader: FeedbackReader | None = None
        self.reach = Reach()
        self._seldom, self._away = Seldom(), False
        self._unloadable = 0
        self._refusal = self._stay = self._unkept = self._left_out = ""

    @property
    def ready(self) -> bool:
        """Whether requests are answered."""
        return self.lineup is not None and not self.log.shut

    @property
    def trouble(self) -> str:
        """Why the newest release isn't served, or the books can't be read; empty while all is well."""
        away = self.reach.trouble
        lost = f"The release history can't be read, so the last known release stays: {away}" if away else ""
        return " ".join(part for part in (lost, self._stay, self._refusal, self._unkept, self._left_out) if part)

    @property
    def tried(self) -> Release | None:
        """The newest release that was taken up or refused here."""
        return self.refused or (self.lineup.release if self.lineup else None)

    def look(self) -> bool:
        """Take up the newest release, if there is a newer one; returns whether there was.

        Whatever goes wrong, who answered before goes on answering.
        """
        anew = self._retreat()
        try:
            self.reach.begin()
            last = self._releases.current(self.name)
            stay = self._why_stay(last)
        except Exception as error:  # noqa: BLE001 - a database may fail in any way; the old release goes on
            self.reach.lost(_said(error))
            self.reconnect()
            return False
        self.reach.good()
        if stay and stay != self._stay:
            say(stay)
        self._stay = stay
        if last is None or stay or (same(last, self.refused) and time.monotonic() < self._again):
            return False
        if self.lineup is not None and same(last, self.lineup.release):
            self.by_file, self.refused, self._refusal = False, None, ""
            if anew:
                with self._swap:
                    self._load(last, None)
            return False
        with self._swap:
            return self._take_up(last)

    def reconnect(self) -> None:
        """Let go of the connections to the registry: one that was opened while it was sick may stay so for good."""
        with suppress(Exception):
            self._state.close()

    def fall_back(self) -> bool:
        """Serve what this machine served last, where nothing better could be loaded; returns whether it does.

        For a process that starts while the registry is away, or tells another history, or names what can't be loaded.
        """
        with self._swap:
            known = self.known
            if known is None or self.lineup is not None:
                return False
            if not self._load(known.release, known):
                known = known.before
                if known is None or not self._load(known.release, known):
                    return False
            self.by_file = True
            number = known.release.champion
            at = f"{known.at:%Y-%m-%d %H:%M} UTC"
            say(f"{self.name}: version {number} answers by what was served here since {at}. {self.trouble}")
            return True

    def heed(self) -> None:
        """Tell the operator where the registry is away, at most once a minute, and when it is back; asked now and then.

        Not from the thread that looks: that one may hang.
        """
        away = self.reach.trouble
        if away:
            since = f"since {self.reach.since:%Y-%m-%d %H:%M:%S} UTC"
            self._seldom.say("away", f"{self.name}: nothing is heard of the registry {since}. {self._goes_on()} {away}")
        elif self._away:
            say(f"{self.name}: the registry answers again.")
        self._away = bool(away)
        lineup = self.lineup
        if lineup is not None and lineup.left_out and self._seldom.due(f"left out {lineup.release.id}"):
            self.say(self._left_out)
            self._tell_ended(lineup.release)
        if self.refused is not None and self._seldom.due(f"refused {self.refused.id}"):
            self._tell_refused(self.refused)
        self.log.write_found()
        self.log.look()

    def say(self, sentence: str) -> None:
        """Tell whoever runs the server something about this model."""
        say(f"{self.name}: {sentence}")

    def _goes_on(self) -> str:
        number = self.lineup.champion.version if self.lineup else 0
        return f"Version {number} goes on answering." if number else "Nothing is served yet."

    def _why_stay(self, last: Release | None) -> str:
        if self.known is None or same(self.known.release, last):
            self._continuity.settled()
            return ""
        return self._continuity.why_stay(self.known, last)

    def _take_up(self, release: Release) -> bool:
        left = self.lineup
        with self._turn(release) as mine:
            if not mine:
                return False  # another worker goes first
            if not self._load(release, None):
                return True
            assert self.lineup is not None  # noqa: S101 - it was loaded
            self._proving.loaded(release, self.lineup.left_out)
        self.by_file, self.refused, self._refusal, self._unloadable = False, None, "", 0
        self._keep(left)
        return True

    def _turn(self, release: Release) -> AbstractContextManager[bool]:
        if self._shelf.holds(self.name, (route.version for route in release.routes)):
            return nullcontext(enter_result=True)
        return self._proving.turn(release, _PATIENCE if self.lineup is None else _POLITE)

    def _retreat(self) -> bool:
        """Leave what ends workers that answer by it: a version beside the champion, or the release.

        Says whether the notes about what was left out are gone. It is loaded then where the release turns out to be in
        force still: a worker that follows a newer one forgets what belongs to this one.
        """
        release = self.lineup.release if self.lineup is not None else None
        if self.lineup is None or release is None:
            return False
        out = self._proving.barred(release)
        if out.keys() <= self.lineup.left_out:
            return out.keys() < self.lineup.left_out
        if release.champion not in out:
            with self._swap:
                self._load(release, None)
            return False
        if same(release, self.refused) and time.monotonic() < self._again:
            return False
        before = self.known.before if self.known else None
        with self._swap:
            self._refuse(release, f"version {release.champion} {out[release.champion]}.")
            if before is not None and self._load(before.release, before):
                self.say(f"version {before.release.champion} answers again, as before release {release.id}.")
        return False

    def _refuse(self, release: Release, why: str) -> None:
        self._refusal = f"Release {release.id} isn't served: {why}"
        if not same(release, self.refused):
            say(self._refusal)
        self._unloadable = self._shelf.taking
        self.refused, self._again = release, time.monotonic() + _AGAIN

    def _tell_refused(self, release: Release) -> None:
        self._tell_ended(release)
        if not self._proving.barred(release):
            self.log.find(unloaded(self._unloadable, self._refusal[:_LONGEST]))

    def _tell_ended(self, release: Release) -> None:
        for finding in self._proving.findings(release):
            self.log.find(finding)

    def _load(self, release: Release, known: Known | None) -> bool:
        rows = (lambda _: None) if known is None else known.version
        recorder = self._proving.recorder
        try:
            recorder.takes_up(moment(release))
            self._shelf.taking = release.champion
            out = self._proving.demand(release)
            lineup = load_lineup(
                self._shelf, release, loopback=self._loopback, known=rows, settings=self.settings,
                asking=recorder.asking, left_out=out, control=self._control,
            )  # fmt: skip
            self.hiding.learn(arm.bundle.contract for arm in (*lineup.arms, *lineup.shadows))
        except Exception as error:  # noqa: BLE001 - a bad bundle may fail in any way; the old one goes on
            if self.lineup is not None:
                recorder.takes_up(moment(self.lineup.release))
            self._refuse(release, _said(error))
            return False
        self._left_out = " ".join(
            f"Version {number} {why}, and isn't loaded again." for number, why in self._proving.barred(release).items()
        )
        bundle = lineup.champion.bundle
        if self._control and not bundle.policy.idle:
            self.say("[release] control holds nothing back: its decisions have none that is to do nothing.")
        whom = bundle.contract.entity.name if bundle.contract.entity else ""
        most = self.settings.max_records
        self.feedback_reader = FeedbackReader(self.name, bundle.policy.task, max_records=most, entity=whom)
        self.lineup = lineup  # from here on, new requests
        self._shelf.keep((self.name, route.version) for route in release.routes)
        return True

    def _remember(self) -> Known | None:
        try:
            return read_known(self._project)
        except StoreError as error:
            say(str(error))
            return None

    def _keep(self, left: Lineup | None) -> None:
        """Write down what is served now, and was before, for the day the registry is away or this one fails."""
        lineup = self.lineup
        if lineup is None:
            return
        try:
            first = lineup.release if lineup.release.id == 1 else self._releases.numbered(self.name, 1)
            self.known = succeed(self.known, left, lineup, first, dt.datetime.now(dt.UTC))
            write_known(self._project, self.known)
        except StoreError as error:
            if not self._unkept:
                say(str(error))
            self._unkept = str(error)
        else:
            self._unkept = ""

    def close(self) -> None:
        """Seal the log."""
        self.log.close()
        self.hiding.close()
        self._proving.close()


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, MainstayError) else f"{type(error).__name__}: {error}"


def champion_of(release: Release) -> int:
    """Name the version that answers by a release."""
    return next(route.version for route in release.routes if route.role == "champion")
