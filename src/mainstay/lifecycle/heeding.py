"""What servers find by themselves, between two windows, becomes an alert at once.

An arm that fails, a version that ends workers, one that can't be loaded: a server says so again once a minute while it
lasts, so it is over when nobody has said it for three.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.decisions import DecisionsSettings, decide, open_alerts
from mainstay.events import actions, found_since, log_actions
from mainstay.lifecycle.acting import carry_out
from mainstay.lifecycle.releasing import removed
from mainstay.measures.finding import Finding
from mainstay.release import open_books
from mainstay.serving.arms.findings import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mainstay.events import Action
    from mainstay.project import Project
    from mainstay.release import Books, Release

LASTS = dt.timedelta(minutes=3)
"""How long what a server said stands."""


def heed_servers(project: Project, *, now: dt.datetime) -> tuple[Action, ...]:
    """Look at what the servers of this machine found lately, and do what it asks for; gives what was done.

    Parameters
    ----------
    project : Project
        Whose.
    now : datetime
        When this is, UTC.

    """
    with open_books(project) as books:
        before = actions(books.log, model=project.name)
        told = [alert for alert in open_alerts(before) if alert.subject.startswith(f"{GROUP}/")]
        lately = _lately(books, now)
        if not lately and not told:
            return ()
        history = books.releases.history(project.name)
        if not history:
            return ()
        found = tuple(_standing(lately, told, history[-1]))
        hold = books.holds.current(project.name)
        wanted = decide(
            found,
            found,  # three minutes of silence are enough: nothing is waited for twice
            told,
            project.section("decisions", DecisionsSettings),
            history,
            model=project.name,
            now=now,
            held=hold is not None and not hold.release,
            gone=removed(books),
        )
        done = tuple(action for each in wanted if (action := carry_out(books, each, before)))
        log_actions(books.log, done)
    return done


def _lately(books: Books, now: dt.datetime) -> Mapping[str, tuple[dt.datetime, Finding]]:
    """Give the last failed finding of each kind, where it was told lately."""
    found = found_since(books.log, now - LASTS, books.project.name)
    return {
        each.finding.key: (each.at, each.finding)
        for each in found
        if each.finding.group == GROUP and each.finding.failed and each.at > now - LASTS
    }


def _standing(
    lately: Mapping[str, tuple[dt.datetime, Finding]], told: Sequence[Action], release: Release
) -> Iterator[Finding]:
    """Give each finding as it stands: failed where it was told since the release in force began."""
    for at, finding in lately.values():
        if at >= release.at:
            yield finding
    standing = {key for key, (at, _) in lately.items() if at >= release.at}
    for alert in told:
        if alert.subject not in standing:
            group, measure, where = alert.subject.split("/", 2)
            past = alert.finding or Finding(measure=measure, where=where, value=0.0, group=group)
            yield msgspec.structs.replace(past, value=0.0, ok=True)
