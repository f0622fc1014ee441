"""What the next release will be: pure functions over the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError
from mainstay.release.places import allot
from mainstay.release.release import BESIDE, Release, Route, canary_of, challengers, check_routes
from mainstay.release.tenures import tenures

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.release.release import Approval, Kind


def plan_release(
    history: Sequence[Release],
    version: int,
    *,
    canary: float | None = None,
    ab: float | None = None,
    shadow: bool = False,
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
    ab : float, optional
        Share it gets as an arm of an A/B test beside the champion and the arms there are; 0 takes the arm out.
    shadow : bool
        Whether it is to answer unseen.

    Raises
    ------
    ReleaseError
        A canary, arm or shadow where nobody is champion, or of the champion itself; a canary beside an A/B test, or
        the other way round; shares that leave the champion nothing.

    Examples
    --------
    >>> plan_release([], 1)
    (Route(version=1, role='champion', weight=1.0, places=(), begun=0),)

    """
    if canary is None and ab is None and not shadow:
        return (Route(version, "champion", 1.0),)
    word = "shadow" if shadow else "canary" if canary is not None else "arm of an A/B test"
    now = _beside(history, version, word)
    if shadow:
        return _with_shadow(now, version)
    return _with_canary(now, version, canary) if canary is not None else _with_arm(now, version, ab or 0.0)


def only_ends(history: Sequence[Release], version: int, *, ab: float | None, beside: bool) -> bool:
    """Say whether a release lets nobody answer who doesn't already: an arm leaves, or the champion answers alone again.

    That has to be possible whatever is wrong with the version, and so is held to nothing. A champion on trial is no
    champion yet.
    """
    if ab is not None:
        return ab == 0
    return bool(history) and not beside and version == history[-1].champion and not tenures(history)[-1].trial


def _beside(history: Sequence[Release], version: int, word: str) -> Release:
    a = "An" if word.startswith("arm") else "A"
    if not history:
        raise ReleaseError(
            f"{a} {word} needs a champion beside it, and no version answers yet.",
            f"Give it everything first: mainstay release {version}",
        )
    if version == history[-1].champion:
        raise ReleaseError(f"Version {version} is the champion; it can't be its own {word}.", "Name another version.")
    return history[-1]


def _with_shadow(now: Release, version: int) -> tuple[Route, ...]:
    others = tuple(route for route in now.routes if route.version != version)
    kept = tuple(route for route in others if route.role in BESIDE)
    unseen = tuple(route for route in others if route.role == "shadow")
    left = Route(now.champion, "champion", _rest(*(route.weight for route in kept)))
    return (left, *kept, *unseen, Route(version, "shadow", 1.0))


def _with_canary(now: Release, version: int, share: float) -> tuple[Route, ...]:
    if arms := challengers(now.routes):
        raise ReleaseError(
            f"An A/B test is running ({_named(arms)} beside version {now.champion}), and a canary would disturb it.",
            f"End it first, for the champion: mainstay release {now.champion}; or for the version that did better.",
        )
    if not 0 < share < 1:
        raise ReleaseError("The share of a canary must be above 0 and below 1.")
    return (
        Route(now.champion, "champion", _rest(share)),
        Route(version, "canary", share),
        *_unseen(now, version),
    )


def _with_arm(now: Release, version: int, share: float) -> tuple[Route, ...]:
    if (canary := canary_of(now.routes)) is not None:
        raise ReleaseError(
            f"Version {canary.version} is a canary, and an A/B test beside it would measure its steps.",
            f"Give it everything, or end it: mainstay release {now.champion}",
        )
    arms = challengers(now.routes)
    shares = {arm.version: arm.weight for arm in arms}
    shares[version] = share
    if not 0 <= share < 1 or not (rest := _rest(*shares.values())) > 0:
        raise ReleaseError(
            f"The arms would answer {_percent(sum(shares.values()))}, and they are compared with the champion.",
            "Leave it some: less than 100 % for all arms together.",
        )
    if not share and version not in {arm.version for arm in arms}:
        raise ReleaseError(f"Version {version} is no arm of an A/B test.", "mainstay history shows who answers.")
    wanted = {number: weight for number, weight in shares.items() if weight}
    begun = arms[0].begun if arms else now.id + 1
    placed = allot({arm.version: arm.places for arm in arms}, wanted)
    routes = (Route(number, "challenger", weight, placed[number], begun) for number, weight in wanted.items())
    return (Route(now.champion, "champion", rest), *routes, *_unseen(now, version))


def _unseen(now: Release, version: int) -> tuple[Route, ...]:
    return tuple(route for route in now.routes if route.role == "shadow" and route.version != version)


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
    ab: float | None = None,
    shadow: bool = False,
    trial: bool = False,
    steps: tuple[float, ...] = (),
    approvals: tuple[Approval, ...] = (),
) -> Release:
    """Draft the row that releases a version; `Releases.append` makes it true.

    Raises
    ------
    ReleaseError
        As `plan_release`; without a reason; or where nothing would change.

    """
    routes = plan_release(history, version, canary=canary, ab=ab, shadow=shadow)
    alone = canary is None and ab is None and not shadow
    if history and shadow:
        trial = trial or history[-1].trial
        steps = history[-1].steps if canary_of(routes) is not None else ()
    elif history and not alone:
        trial = trial or tenures(history)[-1].trial  # a champion on trial stays on trial beside a canary or an arm
    now = history[-1] if history else None
    if now is not None and (now.routes, now.trial, now.steps) == (routes, trial, steps):
        raise ReleaseError(f"Nothing would change: {in_words(routes)} already.", "mainstay history shows since when.")
    kind: Kind = "shadow" if shadow else "canary" if canary is not None else "ab" if ab is not None else "release"
    return draft(
        history, model, kind, routes, at=at, by=by, reason=reason, trial=trial, steps=steps, approvals=approvals
    )


def draft(  # noqa: PLR0913 - the columns of a row
    history: Sequence[Release],
    model: str,
    kind: Kind,
    routes: tuple[Route, ...],
    *,
    at: dt.datetime,
    by: str,
    reason: str,
    trial: bool,
    steps: tuple[float, ...] = (),
    approvals: tuple[Approval, ...] = (),
) -> Release:
    """Write down the row after the last one.

    Raises
    ------
    ReleaseError
        Without a reason, or where its routes lead nowhere.

    """
    check_routes(routes)
    if not reason.strip():
        word = {"ab": "change of an A/B test", "shadow": "shadow"}.get(kind, kind)
        raise ReleaseError(f"A {word} needs a reason, for those who read the history.", 'Say it: --reason "…"')
    return Release(
        id=history[-1].id + 1 if history else 1,
        model=model,
        kind=kind,
        routes=routes,
        at=at,
        by=by,
        reason=reason.strip(),
        trial=trial,
        steps=steps,
        approvals=approvals,
    )


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
    said = in_words(release.routes)
    return f"{said[0].upper()}{said[1:]}.{_to_come(release.steps)}{mark}"


def in_words(routes: Sequence[Route]) -> str:
    """Say who answers, without a full stop."""
    parts = []
    for route in routes:
        role = {"champion": "", "challenger": " (A/B arm)"}.get(route.role, f" ({route.role})")
        does = "is computed unseen" if route.role == "shadow" else f"answers {_percent(route.weight)}"
        parts.append(f"version {route.version}{role} {does}")
    return ", ".join(parts)


def _to_come(steps: Sequence[float]) -> str:
    if not steps:
        return ""
    shares = [_percent(share) if share < 1 else "everything" for share in steps]
    return f" The canary's next steps: {', then '.join(shares)}."


def _percent(share: float) -> str:
    return f"{100 * share:.10g} %"


def _named(arms: Sequence[Route]) -> str:
    return ", ".join(f"version {arm.version}" for arm in arms)
