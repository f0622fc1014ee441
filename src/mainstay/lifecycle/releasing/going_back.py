"""`rollback`, and the hold that comes with it: back to a champion that served, after its bundle was asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError, ReleaseError
from mainstay.lifecycle.releasing.foreseen import Foreseen
from mainstay.lifecycle.releasing.recent import try_recent
from mainstay.lifecycle.releasing.verb import answered_golden
from mainstay.release import Hold, Release, open_books, propose_rollback, rollback_target, rollback_targets

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.release import Books

_SECONDS = 0.5  # that the log's requests may take: this is an emergency


def rollback(project: Project, *, reason: str, by: str, to: int | None = None) -> Release:
    """Give everything back to the last good champion, and hold automatic promotion until it is resumed.

    Parameters
    ----------
    project : Project
        Which one.
    reason, by : str
        Why, and who.
    to : int, optional
        A destination further back.

    Raises
    ------
    ReleaseError
        Where there is nowhere to go, or the destination no longer answers as it did, or would refuse every recent
        request.
    CorruptError, TrustError
        Where its bundle isn't what was written, or brings code that isn't trusted here.

    """
    return rollback_seen(project, reason=reason, by=by, to=to)[1]


def rollback_seen(project: Project, *, reason: str, by: str, to: int | None = None) -> tuple[Foreseen, Release]:
    """Do it, and give what was seen before it was done; raises as `rollback`."""
    with open_books(project) as books:
        seen = foresee(books, reason=reason, by=by, to=to)
        return seen, books.releases.append(seen.demand())


def foresee_rollback(project: Project, *, to: int | None = None) -> Foreseen:
    """Look where a rollback would go, and whether who is there can answer; nothing is changed."""
    with open_books(project) as books:
        return foresee(books, reason="to be seen", by="nobody", to=to)


def rollback_destination(project: Project) -> int:
    """Say which version a rollback would give everything to."""
    with open_books(project) as books:
        return rollback_target(books.releases.history(project.name), removed(books))


def removed(books: Books) -> frozenset[int]:
    """Name the versions whose bundles were removed: nobody can go back to them."""
    return frozenset(one.number for one in books.registry.versions(books.project.name) if one.removed is not None)


def foresee(books: Books, *, reason: str, by: str, to: int | None = None) -> Foreseen:
    """Find the destination, and ask it.

    An emergency isn't kept waiting by some requests that the destination would refuse: that is a warning. One that
    would refuse every one of them answers nobody, and isn't gone to; nor is one whose bundle is damaged. What lies
    further back is only gone to where it is named: nobody is to land three versions back without having chosen that.

    Raises
    ------
    ReleaseError
        Where there is nowhere to go, or `to` is no destination.

    """
    name = books.project.name
    history, gone = books.releases.history(name), removed(books)
    row = propose_rollback(history, name, at=dt.datetime.now(dt.UTC), by=by, reason=reason, to=to, gone=gone)
    targets = rollback_targets(history, gone)
    further = targets[targets.index(row.champion) + 1 :]
    seen = Foreseen(model=name, version=row.champion, before=history[-1], row=row, further=further)
    try:
        bundle = books.registry.load_bundle(name, row.champion)
        seen = replace(seen, golden=answered_golden(bundle), tried=try_recent(books, bundle.contract, seconds=_SECONDS))
    except MainstayError as error:
        return replace(seen, error=_with_cure(error, further))
    tried = seen.tried
    if tried.refused and tried.refused == tried.asked:
        nobody = ReleaseError(f"Version {row.champion} would answer nobody: {tried.words()}. {tried.example}")
        return replace(seen, error=_with_cure(nobody, further))
    told = (f"Version {row.champion} would not answer everybody: {tried.words()}.",) if tried.refused else ()
    return replace(seen, warnings=told)


def _with_cure(error: MainstayError, further: tuple[int, ...]) -> MainstayError:
    """Say how to get past a destination that can't be gone to."""
    if not further:
        return error
    go = f'Further back lies version {further[0]}: mainstay rollback --to {further[0]} --reason "…"'
    plain = type(error).__init__ is MainstayError.__init__  # else it takes more than a sentence and its cure
    return (type(error) if plain else ReleaseError)(error.message, f"{error.cure} {go}".strip())


def held(project: Project) -> Hold | None:
    """Give the hold that is on; None where the controller may act."""
    with open_books(project) as books:
        return books.holds.current(project.name)


def hold(project: Project, *, reason: str, now: dt.datetime, by: str) -> Hold:
    """Keep the controller from changing who answers, until somebody resumes: it goes on looking and telling.

    Raises
    ------
    ReleaseError
        Without a reason, or where it is held already.

    """
    with open_books(project) as books:
        return books.holds.say(Hold(model=project.name, held=True, at=now, by=by, reason=reason))


def resume(project: Project, *, reason: str, now: dt.datetime, by: str) -> Hold:
    """Let the controller act again; raises where it isn't held."""
    with open_books(project) as books:
        return books.holds.say(Hold(model=project.name, held=False, at=now, by=by, reason=reason))
