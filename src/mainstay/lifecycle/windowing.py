"""`events windows`: what was answered in each window, as sums of stored profiles."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import InputError
from mainstay.models.task import Task
from mainstay.monitoring.figures import SEGMENT, Figures, figures_of, nothing_in
from mainstay.monitoring.figures_document import figures_document
from mainstay.monitoring.sums import champion_profiles
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.events.profiles import Profiles
    from mainstay.project import Project
    from mainstay.release import Books
    from mainstay.render.document import Document

MOST = 1000
_NEWEST = 10  # windows of so many answers, where nobody says since when
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)
_Ends = tuple[dt.datetime, dt.datetime]


class Windows(msgspec.Struct, frozen=True):
    """Windows side by side, oldest first; none where nothing was answered.

    Parameters
    ----------
    model : str
        Name of the model.
    by : str
        What its answers are counted by.
    task : Task
        What it predicts.
    figures : tuple of Figures
        One for each window and group.

    """

    model: str
    by: str
    task: Task
    figures: tuple[Figures, ...]


def windows(
    project: Project,
    *,
    now: dt.datetime,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    every: dt.timedelta = dt.timedelta(days=1),
    answers: int | None = None,
    by: str = "",
) -> Windows:
    """Sum up what was answered, window by window.

    Parameters
    ----------
    project : Project
        Whose log.
    now : datetime
        When this is, UTC.
    since, until : datetime, optional
        The span; from the first event until now.
    every : timedelta
        Length of a window; they begin at round times, so that a day is a day.
    answers : int, optional
        Make windows of so many answers instead, counted back from the end of the span; the newest ten of them unless
        `since` is given.
    by : str
        ``"version"``, ``"role"``, ``"consumer"`` or ``"segment:NAME"``; all answers together where it is empty.

    Raises
    ------
    NotFoundError
        Where nothing is released, so that nothing can have answered.
    InputError
        Where the windows would be too many, or answers can't be counted by that.

    """
    with open_books(project) as books:
        profiles, task = _open(books, by)
        profiles.refresh(since)
        span = profiles.span()
        if span is None or (since or span[0]) >= (until or now):
            return Windows(project.name, by, task, ())
        end = until or now
        if answers:
            ends = _by_count(profiles, answers, since, end)
        else:
            ends = _by_time(max(since or span[0], span[0]), min(end, span[1] + _TICK), every, since, until)
        found = tuple(
            each for begun, over in ends for each in figures_of(profiles.window(begun, over), begun, over, task, by)
        )
        return Windows(project.name, by, task, () if nothing_in(found) else found)


def keep_profiles(project: Project) -> None:
    """Sum up what is new in the log, so that whoever looks at windows and pages needn't.

    Raises
    ------
    NotFoundError
        Where nothing is released.

    """
    with open_books(project) as books:
        champion_profiles(books)[0].refresh()


def windows_document(found: Windows) -> Document:
    """Draw windows as a table."""
    return figures_document(found.model, found.figures, found.task, found.by)


def _open(books: Books, by: str) -> tuple[Profiles, Task]:
    profiles, bundle = champion_profiles(books)
    segment = by.removeprefix(SEGMENT)
    if by.startswith(SEGMENT) and segment not in profiles.segments:
        known = ", ".join(profiles.segments) or "none"
        raise InputError(
            f"'{segment}' is no declared segment that the log knows.",
            f"Known: {known}. Declare features in [data] segments.",
        )
    return profiles, bundle.report.policy.task


def _by_time(
    begin: dt.datetime, end: dt.datetime, every: dt.timedelta, since: dt.datetime | None, until: dt.datetime | None
) -> list[_Ends]:
    """Cut what there is into windows that begin at round times; the first and the last are cut where asked for."""
    first = _EPOCH + (begin - _EPOCH) // every * every
    many = -(-(end - first) // every)
    if many > MOST:
        raise InputError(
            f"These would be {many} windows.", f"Ask for a shorter span, or longer windows: {MOST} at most."
        )
    starts = [first + every * place for place in range(many)]
    return [
        (max(start, since) if since else start, min(start + every, until) if until else start + every)
        for start in starts
    ]


def _by_count(profiles: Profiles, answers: int, since: dt.datetime | None, end: dt.datetime) -> list[_Ends]:
    found = list(_backwards(profiles, answers, since, end))
    if len(found) > MOST:
        raise InputError(f"These would be more than {MOST} windows.", "Ask for a shorter span, or larger windows.")
    return found[::-1]


def _backwards(profiles: Profiles, answers: int, since: dt.datetime | None, end: dt.datetime) -> Iterator[_Ends]:
    for _ in range(_NEWEST if since is None else MOST + 1):
        begun = profiles.newest(answers, end)
        if begun is None or (since is not None and begun < since):
            return
        yield begun, end
        end = begun
