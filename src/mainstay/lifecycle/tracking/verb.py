"""Telling MLflow: each version as a run and a registered version, who answers as aliases.

What MLFLOW_TRACKING_URI names is told after each verb that changes something, and by ``mainstay export mlflow``: always
whatever it lacks, so that a server which was down, or is named later, is caught up with. What goes wrong there is one
sentence here; no training and no release waits for it or fails by it.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import InputError, MainstayError
from mainstay.lifecycle.tracking.tracked import told_of, verdict_word
from mainstay.registry.mlflow import ADDRESS, Mirrored, Tracker, TrackingError, quietly, shown
from mainstay.release import open_books
from mainstay.render.document import Document, Facts
from mainstay.state import acquire
from mainstay.state import release as give_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Books, Release

    Tell = Callable[[str], None]

SOON, LATER = 5.0, 30.0
"""Seconds for telling a change of who answers; and a new version, whose files are sent."""
ROLES: Mapping[str, str] = {
    "champion": "champion",
    "canary": "challenger",
    "challenger": "challenger",
    "shadow": "shadow",
}
"""Alias in MLflow by role in the release in force."""
_ANSWER = 30  # seconds for one request, where a person waits
_LEASE = dt.timedelta(seconds=60)
_AGAIN = 0.2  # seconds


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What MLflow has by now.

    Parameters
    ----------
    address : str
        Of the server, without a password.
    versions : dict of int to str
        Its numbers by ours, of all it has.
    told : tuple of int
        Ours that it didn't have before.
    verdicts : tuple of int
        Ours whose verdict it had otherwise.
    aliases : dict of str to int
        Our version that each alias names.
    changed : tuple of str
        Aliases that named another one, or none, before.
    untold : dict of int to str
        Ours that it can't be told of, and why: their bundles were removed, or are damaged.

    """

    address: str
    versions: dict[int, str]
    told: tuple[int, ...] = ()
    verdicts: tuple[int, ...] = ()
    aliases: dict[str, int] = {}
    changed: tuple[str, ...] = ()
    untold: dict[int, str] = {}


def sync_mlflow(
    project: Project, *, progress: Tell | None = None, demand_time: Callable[[], None] | None = None
) -> Synced:
    """Tell MLflow whatever it lacks: versions, verdicts, aliases. Nothing that it has is told twice.

    Parameters
    ----------
    project : Project
        Whose versions.
    progress : callable, optional
        Told of each version that is sent.
    demand_time : callable, optional
        Called before each request; raises where there is no more time.

    Raises
    ------
    InputError
        Where MLFLOW_TRACKING_URI names no server.
    SetupError
        Where MLflow's client isn't installed.
    TrackingError
        Where the server can't be told, or another process is telling it.

    """
    address = os.environ.get(ADDRESS, "")
    if not address:
        raise InputError(f"{ADDRESS} names no MLflow server.", f"Name one: export {ADDRESS}=http://localhost:5000")
    demand, say = demand_time or (lambda: None), progress or (lambda _: None)
    with quietly(int(SOON) if demand_time else _ANSWER), open_books(project) as books:
        tracker = Tracker(address, project.name, demand)
        with _alone(books, address, demand, say) as go_on:
            return _tell_all(books, tracker, go_on, say)


def mirror(project: Project, tell: Tell, *, seconds: float = SOON) -> bool:
    """Tell MLflow, where one is named, within so many seconds; whatever goes wrong is one sentence.

    Parameters
    ----------
    project : Project
        Whose versions.
    tell : callable
        Takes the sentence.
    seconds : float
        How long to wait at most; what wasn't told by then is told the next time.

    Returns
    -------
    bool
        Whether MLflow has all there is; True where none is named.

    """
    address = os.environ.get(ADDRESS, "")
    if not address:
        return True
    slow = TrackingError(
        f"MLflow at {shown(address)} wasn't told everything within {seconds:g} s.",
        "What it lacks is told the next time, or by mainstay export mlflow.",
    )
    end = time.monotonic() + seconds
    said: list[str] = []

    def demand_time() -> None:
        if time.monotonic() > end:
            raise slow

    def work() -> None:
        try:
            sync_mlflow(project, demand_time=demand_time)
        except MainstayError as error:
            said.append(str(error))
        except Exception as error:  # noqa: BLE001 - somebody else's client; the verb that was asked for is done
            said.append(f"MLflow at {shown(address)} wasn't told: {type(error).__name__}.")

    # A thread, since a name that isn't resolved or an answer that trickles keeps to no timeout.
    thread = threading.Thread(target=work, name="mlflow", daemon=True)
    thread.start()
    thread.join(seconds + 1)
    if thread.is_alive():
        said.append(str(slow))
    if said:
        tell(said[0])
    return not said


class Mirror:
    """What the controller tells MLflow by: where there is something new, whoever did it; a trouble is told once.

    Parameters
    ----------
    tell : callable
        Takes the sentence.

    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._last = ""
        self._told: tuple[int, int] | None = None

    def look(self, project: Project) -> None:
        """Tell what is new since the last time that MLflow heard, and again until it hears."""
        if not os.environ.get(ADDRESS):
            return
        with open_books(project) as books:
            name = project.name
            newest = books.releases.last_id(name), len(books.registry.versions(name))
        if newest != self._told and mirror(project, self._once):
            self._told, self._last = newest, ""

    def _once(self, sentence: str) -> None:
        if sentence != self._last:
            self._tell(sentence)
        self._last = sentence


def synced_document(name: str, done: Synced) -> Document:
    """Lay out what MLflow has by now."""
    aliases = ", ".join(f"{alias} = version {number}" for alias, number in done.aliases.items())
    facts = [
        ("Server", done.address),
        ("Told now", _numbers(done.told)),
        ("Verdicts brought up to date", _numbers(done.verdicts)),
        ("Aliases", (aliases or "none") + (f" (changed: {', '.join(done.changed)})" if done.changed else "")),
        ("Numbers there", ", ".join(f"{ours} is {theirs}" for ours, theirs in done.versions.items()) or "none"),
    ]
    facts += [(f"Can't be told of version {number}", why) for number, why in done.untold.items()]
    return Document(f"{name}: MLflow has {len(done.versions)} of its versions", (Facts(tuple(facts)),))


def _numbers(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions)) or "none"


@contextmanager
def _alone(books: Books, address: str, demand_time: Callable[[], None], say: Tell) -> Iterator[Callable[[], None]]:
    """Tell a server alone, since two at once would tell it twice; gives what keeps the right to.

    Raises
    ------
    TrackingError
        Where another process is telling it for longer than there is time.

    """
    name, owner = f"mlflow/{books.project.name}", secrets.token_hex(8)

    def keep() -> bool:
        return acquire(books.state, name, owner, _LEASE, dt.datetime.now(dt.UTC)) is not None

    def go_on() -> None:
        if not keep():
            raise TrackingError(f"Another process tells MLflow at {shown(address)} meanwhile.", "Leave it to that one.")

    if not keep():
        say("waiting for another process that tells MLflow")
    while not keep():
        demand_time()
        time.sleep(_AGAIN)
    try:
        yield go_on
    finally:
        give_back(books.state, name, owner, dt.datetime.now(dt.UTC))


def _tell_all(books: Books, tracker: Tracker, go_on: Callable[[], None], say: Tell) -> Synced:
    ours = books.registry.versions(books.project.name)
    theirs = tracker.versions()
    changed = set(_keep_aliases(books, tracker, theirs)) if theirs else set()  # first: who answers can't wait
    verdicts = tuple(_keep_verdicts(ours, tracker, theirs))
    told: list[int] = []
    untold: dict[int, str] = {}
    for version in ours:
        if version.digest in theirs:
            continue
        if version.removed is not None:
            untold[version.number] = "its bundle was removed"
            continue
        go_on()
        say(f"telling MLflow of version {version.number}")
        try:
            content = told_of(books, version)
        except MainstayError as error:  # damaged, or not loaded here: the others are told all the same
            untold[version.number] = str(error)
            continue
        theirs[version.digest] = Mirrored(tracker.add(content), verdict_word(version))
        told.append(version.number)
    changed.update(_keep_aliases(books, tracker, theirs) if told else ())
    numbers = {each.number: theirs[each.digest].number for each in ours if each.digest in theirs}
    return Synced(
        address=shown(tracker.address),
        versions=numbers,
        told=tuple(told),
        verdicts=verdicts,
        aliases=_aliases(books.releases.current(books.project.name), numbers),
        changed=tuple(sorted(changed)),
        untold=untold,
    )


def _keep_verdicts(ours: Sequence[Version], tracker: Tracker, theirs: Mapping[str, Mirrored]) -> Iterator[int]:
    """Keep what the gates say equal; gives the versions of which something else was said."""
    for version in ours:
        known = theirs.get(version.digest)
        if known is not None and known.verdict != verdict_word(version):
            tracker.say_verdict(known.number, verdict_word(version))
            yield version.number


def _keep_aliases(books: Books, tracker: Tracker, theirs: Mapping[str, Mirrored]) -> tuple[str, ...]:
    """Let each alias name who has its part now; gives those that were changed."""
    ours = books.registry.versions(books.project.name)
    numbers = {each.number: theirs[each.digest].number for each in ours if each.digest in theirs}
    aliases = _aliases(books.releases.current(books.project.name), numbers)
    return tracker.keep_aliases({alias: numbers.get(aliases.get(alias, 0)) for alias in dict.fromkeys(ROLES.values())})


def _aliases(release: Release | None, known: Mapping[int, str]) -> dict[str, int]:
    """Say which of our versions each alias ought to name; of several with the same part it is the last."""
    routes = () if release is None else release.routes
    return {ROLES[route.role]: route.version for route in routes if route.version in known}
