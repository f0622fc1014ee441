"""`promote`: whether a canary gets its next step. Pure, so that any log can be replayed.

A step has stood when so many windows in a row (`[release] step_windows`), each of them begun after it, were clean: no
finding failed in them, and the canary answered those who were sent to it. What can't be seen holds it back as what is
bad does; nothing is promoted while an alert is open. Whoever asks looks first whether a hold is on.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.decisions.decide import make_action
from mainstay.measures.finding import Finding
from mainstay.project.lengths import seconds_of
from mainstay.release import canary_of
from mainstay.render.numbers import finding_value, measure_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.events.records import Action
    from mainstay.release import Release, ReleaseSettings, Route


_STEPS = "release/canary/"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a window.

    Parameters
    ----------
    since, until : datetime
        The window, UTC.
    findings : tuple of Finding
        What was found in it.

    """

    since: dt.datetime
    until: dt.datetime
    findings: tuple[Finding, ...]


def promote(
    looks: Sequence[Look],
    open_alerts: Sequence[Action],
    settings: ReleaseSettings,
    release: Release,
    *,
    answers: str,
    now: dt.datetime,
) -> Action | None:
    """Say whether a canary gets its next step, and why; None where it doesn't yet.

    Parameters
    ----------
    looks : sequence of Look
        Oldest first.
    open_alerts : sequence of Action
        What is still wrong.
    settings : ReleaseSettings
        ``[release]``.
    release : Release
        In force.
    answers : str
        The measure that says whether a canary answers.
    now : datetime
        When this is, UTC; becomes part of the action's id.

    """
    canary = canary_of(release.routes)
    subject = _subject(release)
    wrong = any(alert.subject != subject for alert in open_alerts)  # that it couldn't be done before stops no new try
    if canary is None or not release.steps or wrong:
        return None
    clean = _clean(looks, release, f"version {canary.version}", answers)
    if not clean or not _stood(clean, settings.step_windows):
        return None
    return make_action("promote", release.model, subject, f"{release.model}: {_words(clean, release, canary)}", now)


def settle(open_alerts: Sequence[Action], release: Release, now: dt.datetime) -> tuple[Action, ...]:
    """End the alerts that a step couldn't be taken, where it was taken since, or isn't waited for any more."""
    return tuple(
        make_action("resolve", release.model, alert.subject, f"{release.model}: {alert.subject} is over.", now)
        for alert in open_alerts
        if alert.subject.startswith(_STEPS) and alert.subject != _subject(release)
    )


def _subject(release: Release) -> str:
    """Name the step a canary stands on; empty where none is waited for."""
    canary = canary_of(release.routes)
    if canary is None or not release.steps:
        return ""
    return f"{_STEPS}version {canary.version} at {100 * canary.weight:.10g} %"


def _clean(looks: Sequence[Look], release: Release, where: str, answers: str) -> tuple[Look, ...]:
    """Take the newest looks back to the first that wasn't clean."""
    found: list[Look] = []
    for look in reversed(looks):
        answered = any(one.measure == answers and one.where == where and one.ok for one in look.findings)
        if look.since < release.at or not answered or any(one.failed for one in look.findings):
            break
        found.append(look)
    return tuple(reversed(found))


def _stood(clean: Sequence[Look], wanted: int | str) -> bool:
    if isinstance(wanted, int):
        return len(clean) >= wanted
    return sum((look.until - look.since).total_seconds() for look in clean) >= seconds_of(wanted)


def _words(clean: Sequence[Look], release: Release, canary: Route) -> str:
    share = release.steps[0]
    gets = "everything" if share == 1 else f"{100 * share:.10g} %"
    stood = f"{len(clean)} windows" if len(clean) > 1 else "a window"
    said = [
        f"{measure_name(one.measure)} {finding_value(one)}"
        for one in clean[-1].findings
        if one.where == f"version {canary.version}" and one.value is not None and one.ok is not None
    ]
    return (
        f"version {canary.version} gets {gets}. With {100 * canary.weight:.10g} % it stood {stood} in which nothing "
        f"failed, to {clean[-1].until:%Y-%m-%d %H:%M} UTC: {', '.join(said)}."
    )
