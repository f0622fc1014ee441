"""`pin`: the arm a caller names, by version or by its part in the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from mainstay.serving.lineup import Arm, Lineup


def pin(lineup: Lineup, version: int | None, role: str | None) -> Arm | None:
    """Find who is named; None where nobody is.

    Parameters
    ----------
    lineup : Lineup
        Who is there.
    version : int, optional
        The version that is to answer.
    role : str, optional
        ``"champion"``, ``"canary"``, ``"challenger"`` or ``"shadow"``: of several with the same part, the first.

    Returns
    -------
    Arm
        With the weight 1: it was named, so it was chosen for sure, and the log says so.

    Raises
    ------
    Refused
        404 where the release has no such version or part; the sentence names what is served.

    """
    if version is None and role is None:
        return None
    for arm in (*lineup.arms, *lineup.shadows):
        if version in (None, arm.route.version) and role in (None, arm.route.role):
            return arm.as_pinned()
    raise Refused(404, "version", f"{_wanted(version, role)} isn't served here.", f"Served now: {told(lineup)}.")


def told(lineup: Lineup) -> str:
    """Name who is served, for people: ``version 3 (champion), version 4 (canary)``."""
    return ", ".join(f"version {arm.version} ({arm.route.role})" for arm in (*lineup.arms, *lineup.shadows))


def _wanted(version: int | None, role: str | None) -> str:
    named = f"A {str(role)[:40]}" if version is None else f"Version {str(version)[:20]}"
    return f"{named} as {str(role)[:40]}" if version is not None and role is not None else named
