"""Which window is looked at, and what the look before it found: read from the log, so a restart repeats nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.decisions import Look
from mainstay.errors import NotFoundError, TrustError
from mainstay.events import found_since
from mainstay.events.looks import last_before, looks
from mainstay.events.window import take_window
from mainstay.measures.finding import Finding
from mainstay.monitoring import MonitoringSettings, Span, length, look, next_span
from mainstay.monitoring.sums import champion_profiles
from mainstay.release import at_moment, canary_of

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.events import Found
    from mainstay.events.window import Window
    from mainstay.registry import Bundle
    from mainstay.release import Books, Route


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One look.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        The champion, whose reference it was held against.
    span : Span
        The window.
    findings : tuple of Finding
        What was found.
    previous : tuple of Finding
        What the look before it found.

    """

    model: str
    version: int
    span: Span
    findings: tuple[Finding, ...]
    previous: tuple[Finding, ...] = ()


def look_at(books: Books, span: Span, now: dt.datetime, *, known_at: dt.datetime | None = None) -> Seen:
    """Take the window of a span and look at it with the champion's eyes.

    With `known_at` as it would have been done then: with the champion and the outcomes of that time, whatever arrived
    since.
    """
    bundle = _champion(books, known_at)
    settings = _settings(books)
    looked = _looked(books, known_at)
    previous = tuple(found.finding for found in looked if found.until is not None and found.until <= span.since)
    window = _window(books, bundle, span, known_at)
    delay = length(settings.label_delay)
    matured = _window(books, bundle, span.earlier(delay), known_at) if delay else None
    canary = _canary(books, span)
    findings = look(window, bundle, settings, previous, now=now, matured=matured, canary=canary)
    return Seen(
        model=books.project.name,
        version=bundle.version.number,
        span=span,
        findings=findings,
        previous=previous,
    )


def looks_since(books: Books, since: dt.datetime) -> tuple[Look, ...]:
    """Give the looks at windows that began after a moment, oldest first."""
    windows: dict[tuple[dt.datetime, dt.datetime], list[Finding]] = {}
    for each in found_since(books.log, since, books.project.name):
        if each.since is not None and each.until is not None and each.since >= since:
            windows.setdefault((each.since, each.until), []).append(each.finding)
    return tuple(Look(since=begun, until=end, findings=tuple(windows[begun, end])) for begun, end in sorted(windows))


def _canary(books: Books, span: Span) -> Route | None:
    """Name who was canary throughout a span; None where somebody released something in it."""
    history = books.releases.history(books.project.name)
    release = at_moment(history, span.since)
    if release is None or any(span.since < row.at < span.until for row in history):
        return None
    return canary_of(release.routes)


def latest(books: Books, now: dt.datetime) -> Span:
    """Give the newest window up to a moment, over or not."""
    settings = _settings(books)
    if isinstance(settings.window, str):
        return Span(now - length(settings.window), now)
    profiles, _ = champion_profiles(books)
    profiles.refresh()
    begun, span = profiles.newest(settings.window, now), profiles.span()
    first = span[0] if span is not None and span[0] < now else books.release_in_force().at
    return Span(begun or first, now)


def due(books: Books, now: dt.datetime) -> Span | None:
    """Give the oldest window that is over and was not looked at yet; None while there is none."""
    settings = _settings(books)
    looked = _looked(books)
    books.release_in_force()  # says it in a sentence where there is none
    begun = (looked[-1].until if looked else None) or books.releases.history(books.project.name)[0].at
    return next_span(settings, begun, now, _filled(books, settings, begun))


def _looked(books: Books, before: dt.datetime | None = None) -> tuple[Found, ...]:
    """Give the findings of the last look: of the window that ended last, so that a clock set back repeats nothing.

    With `before`, of the last look that was taken before that moment.
    """
    if before is None:
        return looks(books.log).last_of(books.project.name)
    return last_before(books.log, books.project.name, before)


def _filled(books: Books, settings: MonitoringSettings, begun: dt.datetime) -> dt.datetime | None:
    """Say when a window of so many predictions was full; a shadow's answer is no second prediction."""
    if not isinstance(settings.window, int):
        return None
    profiles, _ = champion_profiles(books)
    profiles.refresh(begun)
    return profiles.oldest(settings.window, begun)


def _window(books: Books, bundle: Bundle, span: Span, known_at: dt.datetime | None) -> Window:
    return take_window(
        books.log,
        bundle.contract,
        bundle.policy.task,
        span.since,
        span.until,
        model=books.project.name,
        known_at=known_at,
        inputs=bundle.features.inputs if bundle.features else None,
    )


def _champion(books: Books, at: dt.datetime | None) -> Bundle:
    """Load the champion, or that of a moment; only to look at it, where it brings code that isn't trusted here."""
    number = books.release_in_force().champion
    if at is not None:
        release = at_moment(books.releases.history(books.project.name), at)
        if release is None:
            raise NotFoundError("Nothing was released yet then.", "See what was when: mainstay history")
        number = release.champion
    try:
        return books.registry.load_bundle(books.project.name, number)
    except TrustError:
        return books.registry.load_bundle(books.project.name, number, run=False)


def _settings(books: Books) -> MonitoringSettings:
    return books.project.section("monitoring", MonitoringSettings)
