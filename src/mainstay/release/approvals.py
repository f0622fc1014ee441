"""`Approvals`: who said yes to a version, in which role, and why; only added to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mainstay.errors import ReleaseError
from mainstay.state import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mainstay.models.report import Verdict
    from mainstay.release.settings import ReleaseSettings
    from mainstay.state import State

APPROVED = "approved"
"""The measure of the gate that asks for approvals."""

_NAMES = ("model", "number", "id", "at", "author", "reason", "role")
_APPROVALS = sa.table("approvals", *(sa.column(name) for name in _NAMES))
_OF_VERSION = (
    sa.select(_APPROVALS)
    .where(_APPROVALS.c.model == sa.bindparam("model"), _APPROVALS.c.number == sa.bindparam("number"))
    .order_by(_APPROVALS.c.id)
)


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's yes to a version.

    Parameters
    ----------
    model, number
        Which version.
    at : datetime
        When, UTC.
    by : str
        Who.
    reason : str
        Why.
    role : str
        In which role; empty where none was named.

    """

    model: str
    number: int
    at: dt.datetime
    by: str
    reason: str
    role: str = ""


class Approvals:
    """The approvals of every version.

    Parameters
    ----------
    state : State
        Where they are written.

    """

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, model: str, number: int, since: dt.datetime | None = None) -> tuple[Approved, ...]:
        """Give those of a version, oldest first; with `since`, none that is older."""
        with self._state.read() as connection:
            rows = connection.execute(_OF_VERSION, {"model": model, "number": number}).all()
        found = map(_approved, rows)
        return tuple(one for one in found if since is None or one.at >= since)

    def add(self, approved: Approved, since: dt.datetime | None = None) -> None:
        """Write one down; the version must be there.

        Parameters
        ----------
        approved : Approved
            Who says yes.
        since : datetime, optional
            When the version was last judged: what was said before that can be said again.

        Raises
        ------
        ReleaseError
            Without a reason, or where the same person said so before.

        """
        if not approved.reason.strip():
            raise ReleaseError("An approval needs a reason, for those who read the history.", 'Say it: --reason "…"')
        where = {"model": approved.model, "number": approved.number}
        with self._state.begin() as connection:
            before = connection.execute(_OF_VERSION, where).all()
            standing = [one for one in map(_approved, before) if since is None or one.at >= since]
            if any((one.by, one.role) == (approved.by, approved.role) for one in standing):
                role = f" as {approved.role}" if approved.role else ""
                raise ReleaseError(f"{approved.by} has approved version {approved.number}{role} already.")
            row = {
                **where,
                "id": len(before) + 1,
                "at": to_text(approved.at),
                "author": approved.by,
                "reason": " ".join(approved.reason.split()),
                "role": approved.role,
            }
            connection.execute(sa.insert(_APPROVALS).values(row))


def judged_since(verdicts: Sequence[Verdict]) -> dt.datetime | None:
    """Find since when the gates say what they say: an approval belongs to the verdict it was given on.

    An approval changes no gate but its own; a verdict in which another one speaks anew begins anew.

    Parameters
    ----------
    verdicts : sequence of Verdict
        Of one version, oldest first.

    """
    since, said = None, None
    for verdict in reversed(verdicts):
        others = tuple(finding for finding in verdict.findings if finding.measure != APPROVED)
        if said is not None and others != said:
            break
        since, said = verdict.at, others
    return since


def unfilled(roles: Sequence[str], given: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Name the roles in which nobody has said yes, each person standing for one role alone.

    Parameters
    ----------
    roles : sequence of str
        Those that are asked for.
    given : iterable of (str, str)
        Role and name of each who said yes.

    Examples
    --------
    >>> unfilled(("owner", "risk"), [("owner", "anna"), ("risk", "anna")])
    ('risk',)
    >>> unfilled(("owner", "risk"), [("owner", "anna"), ("risk", "anna"), ("owner", "ben")])
    ()

    """
    able: dict[str, list[str]] = {role: [] for role in roles}
    for role, by in given:
        if role in able:
            able[role].append(by)
    held: dict[str, str] = {}
    filled = {role for role in roles if _seat(role, able, held, set())}
    return tuple(role for role in roles if role not in filled)


def _seat(role: str, able: Mapping[str, Sequence[str]], held: dict[str, str], seen: set[str]) -> bool:
    """Find somebody for a role, moving others to a role of theirs that is free (Kuhn 1955)."""
    for person in able[role]:
        if person in seen:
            continue
        seen.add(person)
        if person not in held or _seat(held[person], able, held, seen):
            held[person] = role
            return True
    return False


def why_no_approval(settings: ReleaseSettings, author: str, approved: Approved) -> ReleaseError | None:
    """Say why somebody's yes doesn't count; None where it does.

    Who made a version doesn't approve it: that is what a second pair of eyes is for.

    Parameters
    ----------
    settings : ReleaseSettings
        ``[release]``: which roles are asked for, and who may act in them.
    author : str
        Who made the version.
    approved : Approved
        The yes.

    """
    if approved.by == author:
        return ReleaseError(
            f"{author} made version {approved.number}, and who makes a version doesn't approve it.",
            "Ask somebody else.",
        )
    roles = settings.approvals
    if roles and approved.role not in roles:
        named = (
            f"'{approved.role}' is none of the roles that" if approved.role else "An approval is given in a role, and"
        )
        return ReleaseError(
            f"{named} [release] approvals asks for: {', '.join(roles)}.", f"Say in which: --role {roles[0]}"
        )
    may = settings.people.get(approved.role, ())
    if may and approved.by not in may:
        return ReleaseError(
            f"{approved.by} doesn't act as {approved.role} here.", f"[release] people names {', '.join(may)} for that."
        )
    return None


def _approved(row: sa.Row[tuple[str, int, int, str, str, str, str]]) -> Approved:
    return Approved(
        model=row.model, number=row.number, at=from_text(row.at), by=row.author, reason=row.reason, role=row.role
    )
