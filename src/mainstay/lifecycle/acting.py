"""What the controller does after a look: decided by pure rules, done through the same verbs as by a person."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from mainstay.decisions import DecisionsSettings, Look, decide, open_alerts, promote, settle
from mainstay.errors import LockedError, MainstayError
from mainstay.lifecycle.looking import looks_since
from mainstay.lifecycle.releasing import Wish, foresee, removed, rollback
from mainstay.monitoring.beside import ANSWERS
from mainstay.release import Release, ReleaseSettings, canary_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from mainstay.events import Action
    from mainstay.lifecycle.looking import Seen
    from mainstay.release import Books

_ASKS = {"rollback": "a rollback", "promote": "the next step"}


def decide_after(books: Books, seen: Seen, before: Sequence[Action], *, now: dt.datetime) -> tuple[Action, ...]:
    """Decide what is to be done after a look: alerts and their ends, then a rollback or a canary's next step."""
    project, alerts = books.project, open_alerts(before)
    history, hold = books.releases.history(project.name), books.holds.current(project.name)
    decided = decide(
        seen.findings,
        seen.previous,
        alerts,
        project.section("decisions", DecisionsSettings),
        history,
        model=project.name,
        now=now,
        held=hold is not None and not hold.release,
        gone=removed(books),
    )
    settled = settle(alerts, history[-1], now)
    still = open_alerts((*before, *decided, *settled))
    step = None if hold is not None else _step(books, seen, history[-1], still, now)
    return (*decided, *settled, *(() if step is None else (step,)))


def _step(books: Books, seen: Seen, release: Release, alerts: Sequence[Action], now: dt.datetime) -> Action | None:
    if not release.steps:
        return None
    last = Look(since=seen.span.since, until=seen.span.until, findings=seen.findings)
    looks = (*looks_since(books, release.at), last)
    settings = books.project.section("release", ReleaseSettings)
    return promote(looks, alerts, settings, release, answers=ANSWERS, now=now)


def carry_out(books: Books, wanted: Action, before: Sequence[Action]) -> Action | None:
    """Do what was decided; what can't be done becomes an alert, once per incident.

    Without it the controller would stop at this window for good, its alerts unsent.
    """
    if wanted.kind not in _ASKS:
        return wanted
    try:
        if wanted.kind == "rollback":
            rollback(books.project, reason=wanted.message, by=wanted.by)
        else:
            _take_step(books, reason=wanted.message, by=wanted.by)
    except LockedError:
        raise  # passes: the window is looked at again
    except MainstayError as error:
        asks = _ASKS[wanted.kind]
        message = f"{wanted.model}: {wanted.subject} asks for {asks}, and it can't be done. {error}"
        incident = takewhile(lambda each: each.kind != "resolve", _newest_about(wanted.subject, before))
        if any(each.message == message for each in incident):
            return None
        return msgspec.structs.replace(wanted, kind="alert", message=message)
    return wanted


def _take_step(books: Books, *, reason: str, by: str) -> Release:
    """Give a canary the next of its shares, or everything after the last; it is held to all a release is held to."""
    release = books.release_in_force()
    canary = canary_of(release.routes)
    assert canary is not None  # noqa: S101 - only a canary has steps
    share, *rest = release.steps
    step = None if share == 1 else share
    wish = Wish(version=canary.version, reason=reason, by=by, canary=step, steps=tuple(rest))
    return books.releases.append(foresee(books, wish).demand(), expected=release.id)


def _newest_about(subject: str, before: Sequence[Action]) -> Iterator[Action]:
    return (each for each in reversed(before) if each.subject == subject)
