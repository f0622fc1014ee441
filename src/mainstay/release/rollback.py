"""Where a rollback goes: pure functions over the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError
from mainstay.release.plan import draft
from mainstay.release.release import Release, Route
from mainstay.release.tenures import Tenure, tenures

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence


def rollback_targets(history: Sequence[Release], gone: Collection[int] = ()) -> tuple[int, ...]:
    """List the versions a rollback can give everything to, the nearest first.

    What is rolled back is the canary, or the arms of an A/B test, while such answer; else the champion. A destination
    is a *different* champion that really served and was not itself rolled back. A canary, an arm or a shadow never
    counts as champion; a champion on trial doesn't either once a real one answers; a version that was rolled back
    counts again only after somebody released it again to everybody. So a second rollback goes further back, and never
    to the bad one.

    Parameters
    ----------
    history : sequence of Release
        Of this model, oldest first.
    gone : collection of int
        Versions whose bundles were removed: nobody can go back to them.

    Examples
    --------
    >>> import datetime as dt
    >>> from mainstay.release.plan import propose_release
    >>> history = []
    >>> for number in (1, 2, 3):
    ...     row = propose_release(history, "churn", number, at=dt.datetime.now(dt.UTC), by="me", reason="better")
    ...     history.append(row)
    >>> rollback_targets(history), rollback_targets(history, gone={2})
    ((2, 1), (1,))

    """
    return tuple(tenure.version for tenure in _destinations(history, gone))


def rollback_target(history: Sequence[Release], gone: Collection[int] = ()) -> int:
    """Find the version a rollback gives everything to: the first of `rollback_targets`.

    Raises
    ------
    ReleaseError
        Where there is none.

    """
    return _chosen(history, gone, None).version


def leaving(release: Release) -> tuple[int, ...]:
    """Name the versions a rollback takes back: those beside the champion while such answer, else the champion."""
    return tuple(sorted(_answering(release) - {release.champion})) or (release.champion,)


def propose_rollback(
    history: Sequence[Release],
    model: str,
    *,
    at: dt.datetime,
    by: str,
    reason: str,
    to: int | None = None,
    gone: Collection[int] = (),
) -> Release:
    """Draft the row that rolls back; `Releases.append` makes it true.

    It is a trial only where its destination was never more than that.

    Parameters
    ----------
    history, model, at, by, reason
        As for a release.
    to : int, optional
        One of `rollback_targets` that is further back than the first.
    gone : collection of int
        Versions whose bundles were removed.

    Raises
    ------
    ReleaseError
        As `rollback_target`; where `to` is none of the destinations; or without a reason.

    """
    target = _chosen(history, gone, to)
    routes = (Route(target.version, "champion", 1.0),)
    return draft(history, model, "rollback", routes, at=at, by=by, reason=reason, trial=target.trial)


def _chosen(history: Sequence[Release], gone: Collection[int], to: int | None) -> Tenure:
    if not history:
        raise ReleaseError("Nothing is released, so nothing can be rolled back.", "mainstay release VERSION")
    found = _destinations(history, gone)
    if not found:
        raise ReleaseError(
            f"There is no earlier champion to go back to from version {_listed(leaving(history[-1]))}.",
            "Release a version that you trust: mainstay release VERSION",
        )
    if to is None:
        return found[0]
    for tenure in found:
        if tenure.version == to:
            return tenure
    raise ReleaseError(
        f"A rollback can't go to version {to}: it goes to a champion that really served and was not rolled back.",
        f"These are: version {_listed([tenure.version for tenure in found])}; or release it: mainstay release {to}",
    )


def _destinations(history: Sequence[Release], gone: Collection[int]) -> list[Tenure]:
    if not history:
        return []
    barred = _rolled_back(history) | set(leaving(history[-1])) | set(gone)
    served = tenures(history)
    found: dict[int, Tenure] = {}
    for tenure in reversed(served):
        if tenure.version not in barred and (served[-1].trial or not tenure.trial):
            found.setdefault(tenure.version, tenure)
    return list(found.values())


def _rolled_back(history: Sequence[Release]) -> set[int]:
    barred: set[int] = set()
    for before, release in zip([None, *history], history, strict=False):
        if release.kind == "rollback" and before is not None:
            barred |= _answering(before) - {release.champion}
        elif release.kind == "release":
            barred.discard(release.champion)
    return barred


def _answering(release: Release) -> set[int]:
    return {route.version for route in release.routes if route.role != "shadow"}


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
