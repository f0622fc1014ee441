"""Who follows a release: every worker of every server says so itself, and here they are waited for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from mainstay.release import AGAIN, Listener, Presence, Release, Worker, lagging, open_books
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.project import Project
    from mainstay.release import Releases

WAIT = 10.0
"""Seconds a release is waited for."""
_LOOK = 0.02


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers by a release.

    Parameters
    ----------
    model : str
        Name of the model.
    release : int
        Which release.
    version : int
        Its champion.
    alone : bool
        Whether that version answers everything.
    seconds : float
        How long was waited.
    following : tuple of Worker
        Those that answer by it, or by a later one.
    behind : tuple of Worker
        Those that live and don't.

    """

    model: str
    release: int
    version: int
    alone: bool
    seconds: float
    following: tuple[Worker, ...] = ()
    behind: tuple[Worker, ...] = ()


def follow(project: Project, release: Release, wait: float = WAIT) -> Followed | None:
    """Wait until every worker that lives has taken up a release, or has said why not.

    Parameters
    ----------
    project : Project
        Whose workers.
    release : Release
        What they are to answer by.
    wait : float
        Seconds to wait at most; 0 doesn't look at all.

    Returns
    -------
    Followed or None
        None where nobody looked.

    """
    if not wait:
        return None
    begun = time.monotonic()
    listener = Listener()
    with open_books(project) as books:
        presence = Presence(books.state)
        while True:
            rows = presence.rows(release.model)
            listener.hear(rows)
            waited = time.monotonic() - begun
            alive = [row for row in rows if row.heard or listener.spoke(row)]
            # One whose word is old may have lost nothing but the hour: it is listened to before it counts as gone.
            doubtful = waited < AGAIN and len(alive) < len(rows)
            wanted = _wanted(books.releases, release, alive)
            if waited >= wait or not (doubtful or any(not any(map(row.has_tried, wanted)) for row in alive)):
                break
            time.sleep(_LOOK)
    return Followed(
        model=release.model,
        release=release.id,
        version=release.champion,
        alone=len(release.routes) == 1,
        seconds=waited,
        following=tuple(row for row in alive if any(map(row.answers_by, wanted))),
        behind=tuple(row for row in alive if not any(map(row.answers_by, wanted))),
    )


def _wanted(releases: Releases, release: Release, rows: Sequence[Worker]) -> tuple[Release, ...]:
    """Give a release and those after it that workers speak of: somebody may have been faster meanwhile."""
    later = {number for row in rows for number in (row.release, row.tried) if number > release.id}
    found = (releases.numbered(release.model, number) for number in sorted(later))
    return (release, *(one for one in found if one is not None))


def describe_followed(followed: Followed | None) -> str:
    """Say who answers by a release, and who doesn't and why; empty where nobody looked.

    Examples
    --------
    >>> describe_followed(Followed(model="churn", release=2, version=2, alone=True, seconds=0.0))
    'No server of churn runs now; the next one to start serves version 2.'

    """
    if followed is None:
        return ""
    what = f"version {followed.version}" if followed.alone else f"release {followed.release}"
    verb = "serves" if followed.alone else "answers by"
    workers = (*followed.following, *followed.behind)
    if not workers:
        return f"No server of {followed.model} runs now; the next one to start {verb} {what}."
    machines = len({row.machine for row in workers})
    of = f"{counted(len(workers), 'worker')} on {counted(machines, 'machine')}"
    if not followed.behind:
        who = of if len(workers) == 1 else f"every one of {of}"
        return f"{followed.model}: {who} {verb} {what} after {followed.seconds:.2f} s."
    head = f"{followed.model}: {len(followed.following)} of {of} {'serve' if followed.alone else 'answer by'} {what}"
    return "\n".join([f"{head} after {followed.seconds:.2f} s.", *(f"  {lagging(row)}" for row in followed.behind)])
