"""Which bundles nobody needs any more: pure functions over versions and the history.

A bundle stays where its version

- is one of the last few that were champion, or that rollbacks would lead to one after the other;
- had any part in answering at any moment of the last `days`, so that what answered then can still be asked why;
- is younger than `days`, or one of the newest few.

What is left was made long ago, and never answered or hasn't for long. A rollback passes over what was removed.
That it is the parent of another version keeps no bundle: a child holds everything it needs, and its parent's row stays.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.release.plan import at_moment
from mainstay.release.rollback import rollback_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.registry import Version
    from mainstay.release.release import Release


def answering(history: Sequence[Release], since: dt.datetime) -> frozenset[int]:
    """Name the versions that had a part in answering at any moment from `since` on, unseen ones too.

    Parameters
    ----------
    history : sequence of Release
        Of one model, oldest first.
    since : datetime
        UTC.

    Examples
    --------
    >>> from mainstay.release.release import Release, Route
    >>> day = lambda number: dt.datetime(2026, 11, number, tzinfo=dt.UTC)
    >>> alone = lambda number: (Route(number, "champion", 1.0),)
    >>> rows = [
    ...     Release(id=number, model="churn", kind="release", routes=alone(number), at=day(number), by="me", reason="")
    ...     for number in (1, 2, 3)
    ... ]
    >>> sorted(answering(rows, day(2) + dt.timedelta(hours=12)))
    [2, 3]

    """
    # The last row is in force whatever a clock that was set back says about it.
    rows = [*history[-1:], *(row for row in history if row.at >= since)]
    before = at_moment(history, since)
    if before is not None:
        rows.append(before)
    return frozenset(route.version for row in rows for route in row.routes)


def removable(
    versions: Sequence[Version], history: Sequence[Release], *, now: dt.datetime, days: float, newest: int
) -> tuple[int, ...]:
    """Name the versions whose bundles may go, as the top of this file says.

    Parameters
    ----------
    versions : sequence of Version
        Of one model, oldest first; those that are removed already are left out.
    history : sequence of Release
        Of the same model, oldest first.
    now : datetime
        UTC.
    days : float
        How far back the history must stay answerable.
    newest : int
        So many of the newest stay; and as many of the last champions, and of the next destinations of a rollback.

    """
    since = now - dt.timedelta(days=days)
    needed = answering(history, since) | set(_ways_back(history, newest))
    needed |= {version.number for version in versions[max(0, len(versions) - newest) :]}
    return tuple(
        version.number
        for version in versions
        if version.removed is None and version.created < since and version.number not in needed
    )


def _ways_back(history: Sequence[Release], many: int) -> tuple[int, ...]:
    """Name the last champions, and where rollbacks go from here: beside a canary these are not the same."""
    many = max(many, 1)  # the way back from what answers now is never closed
    champions = tuple(dict.fromkeys(row.champion for row in reversed(history)))
    # The one that answers now is no way back from itself.
    return (*champions[: many + 1], *(rollback_targets(history)[:many] if history else ()))
