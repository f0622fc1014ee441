"""What the next release will be, and where a rollback goes: pure functions over the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError
from mainstay.release.release import Release, Route, check_routes

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.release.release import Kind


def plan_release(
    history: Sequence[Release], version: int, *, canary: float | None = None, shadow: bool = False
) -> tuple[Route, ...]:
    """Say who would answer after a release.

    Parameters
    ----------
    history : sequence of Release
        Of this model, oldest first.
    version : int
        Which version to release.
    canary : float, optional
        Share it gets, above 0 and below 1, the champion keeping the rest; None gives it everything.
    shadow : bool
        Whether it is to answer unseen.

    Raises
    ------
    ReleaseError
        A canary or shadow where nobody is champion, or of the champion itself.

    Examples
    --------
    >>> plan_release([], 1)
    (Route(version=1, role='champion', weight=1.0),)

    """
    if canary is None and not shadow:
        return (Route(version, "champion", 1.0),)
    word = "shadow" if shadow else "canary"
    if not history:
        raise ReleaseError(
            f"A {word} needs a champion beside it, and no version answers yet.",
            f"Give it everything first: mainstay release {version}",
        )
    now = history[-1]
    if version == now.champion:
        raise ReleaseError(f"Version {version} is the champion; it can't be its own {word}.", "Name another version.")
    others = tuple(route for route in now.routes if route.version != version)
    unseen = tuple(route for route in others if route.role == "shadow")
    if shadow:
        kept = tuple(route for route in others if route.role == "canary")
        left = Route(now.champion, "champion", _rest(*(route.weight for route in kept)))
        return (left, *kept, *unseen, Route(version, "shadow", 1.0))
    if canary is None or not 0 < canary < 1:
        raise ReleaseError("The share of a canary must be above 0 and below 1.")
    return (Route(now.champion, "champion", _rest(canary)), Route(version, "canary", canary), *unseen)


def _rest(*taken: float) -> float:
    return round(1.0 - sum(taken), 12)  # 0.93 and not 0.9299999999999999


def propose_release(  # noqa: PLR0913 - a row of the history has these columns
    history: Sequence[Release],
    model: str,
    version: int,
    *,
    at: dt.datetime,
    by: str,
    reason: str,
    canary: float | None = None,
    shadow: bool = False,
    trial: bool = False,
) -> Release:
    """Draft the row that releases a version; `Releases.append` makes it true.

    Raises
    ------
    ReleaseError
        As `plan_release`; without a reason (a trial needs none); or where nothing would change.

    """
    routes = plan_release(history, version, canary=canary, shadow=shadow)
    if history and shadow:
        trial = trial or history[-1].trial
    elif history and canary is not None:
        trial = trial or _tenures(history)[-1].trial  # a champion on trial stays on trial beside a canary
    if history and history[-1].routes == routes and history[-1].trial == trial:
        raise ReleaseError(f"Nothing would change: {_in_words(routes)} already.", "mainstay history shows since when.")
    kind: Kind = "shadow" if shadow else "release" if canary is None else "canary"
    return _row(history, model, kind, routes, at=at, by=by, reason=reason, trial=trial)


def rollback_target(history: Sequence[Release]) -> int:
    """Find the version a rollback gives everything to.

    What is rolled back is the canary while one answers, else the champion. The destination is the last *different*
    champion that really served and was not itself rolled back. A canary or a shadow never counts as champion; a
    champion on trial doesn't either once a real one answers; a version that was rolled back counts again only after
    somebody released it again to everybody. So a second rollback goes further back, and never to the bad one.

    Parameters
    ----------
    history : sequence of Release
        Of this model, oldest first.

    Raises
    ------
    ReleaseError
        Where there is no such version.

    Examples
    --------
    >>> import datetime as dt
    >>> history = []
    >>> for number in (1, 2):
    ...     row = propose_release(history, "churn", number, at=dt.datetime.now(dt.UTC), by="me", reason="better")
    ...     history.append(row)
    >>> rollback_target(history)
    1

    """
    return _destination(history).version


def propose_rollback(history: Sequence[Release], model: str, *, at: dt.datetime, by: str, reason: str) -> Release:
    """Draft the row that rolls back; `Releases.append` makes it true.

    It is a trial only where its destination was never more than that.

    Raises
    ------
    ReleaseError
        As `rollback_target`, or without a reason.

    """
    target = _destination(history)
    routes = (Route(target.version, "champion", 1.0),)
    return _row(history, model, "rollback", routes, at=at, by=by, reason=reason, trial=target.trial)


@dataclass(frozen=True)
class _Tenure:
    """Who was champion after a row of the history, and whether only on trial."""

    version: int
    trial: bool


def _tenures(history: Sequence[Release]) -> list[_Tenure]:
    tenures: list[_Tenure] = []
    for release in history:
        # A canary's or shadow's row says whether *that* is a trial; the champion beside it stays what it was.
        made = release.kind in {"release", "rollback"} or not tenures
        tenures.append(_Tenure(release.champion, release.trial if made else tenures[-1].trial))
    return tenures


def _destination(history: Sequence[Release]) -> _Tenure:
    if not history:
        raise ReleaseError("Nothing is released, so nothing can be rolled back.", "mainstay release VERSION")
    now = history[-1]
    leaving = _answering(now) - {now.champion} or {now.champion}
    barred = _rolled_back(history) | leaving
    tenures = _tenures(history)
    for tenure in reversed(tenures):
        if tenure.version not in barred and (tenures[-1].trial or not tenure.trial):
            return tenure
    raise ReleaseError(
        f"There is no earlier champion to go back to from version {', '.join(map(str, sorted(leaving)))}.",
        "Release a version that you trust: mainstay release VERSION",
    )


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


def _row(
    history: Sequence[Release],
    model: str,
    kind: Kind,
    routes: tuple[Route, ...],
    *,
    at: dt.datetime,
    by: str,
    reason: str,
    trial: bool,
) -> Release:
    check_routes(routes)
    if not reason.strip() and not trial:
        raise ReleaseError(f"A {kind} needs a reason, for those who read the history.", 'Say it: --reason "…"')
    number = history[-1].id + 1 if history else 1
    return Release(id=number, model=model, kind=kind, routes=routes, at=at, by=by, reason=reason.strip(), trial=trial)


def at_moment(history: Sequence[Release], moment: dt.datetime) -> Release | None:
    """Find the release that was in force at a moment; None before the first."""
    return next((release for release in reversed(history) if release.at <= moment), None)


def explain(release: Release) -> str:
    """Say in a sentence who answers.

    Examples
    --------
    >>> import datetime as dt
    >>> now = dt.datetime.now(dt.UTC)
    >>> routes = (Route(1, "champion", 0.9), Route(2, "canary", 0.1))
    >>> explain(Release(id=3, model="churn", kind="canary", routes=routes, at=now, by="me", reason="try it"))
    'Version 1 answers 90 %, version 2 (canary) answers 10 %.'

    """
    mark = " This is a trial: it was not held to the gates." if release.trial else ""
    said = _in_words(release.routes)
    return f"{said[0].upper()}{said[1:]}.{mark}"


def _in_words(routes: Sequence[Route]) -> str:
    parts = []
    for route in routes:
        name = f"version {route.version}" + ("" if route.role == "champion" else f" ({route.role})")
        parts.append(
            f"{name} is computed unseen" if route.role == "shadow" else f"{name} answers {100 * route.weight:g} %"
        )
    return ", ".join(parts)
