"""`Approvals`: who said yes to a version, and why; only added to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mainstay.errors import ReleaseError
from mainstay.state import from_text, to_text

if TYPE_CHECKING:
    from mainstay.state import State

_NAMES = ("model", "number", "id", "at", "author", "reason")
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

    """

    model: str
    number: int
    at: dt.datetime
    by: str
    reason: str


class Approvals:
    """The approvals of every version.

    Parameters
    ----------
    state : State
        Where they are written.

    """

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, model: str, number: int) -> tuple[Approved, ...]:
        """Give those of a version, oldest first."""
        with self._state.read() as connection:
            rows = connection.execute(_OF_VERSION, {"model": model, "number": number}).all()
        return tuple(
            Approved(model=row.model, number=row.number, at=from_text(row.at), by=row.author, reason=row.reason)
            for row in rows
        )

    def add(self, approved: Approved) -> None:
        """Write one down; the version must be there.

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
            if any(row.author == approved.by for row in before):
                raise ReleaseError(f"{approved.by} has approved version {approved.number} already.")
            row = {
                **where,
                "id": len(before) + 1,
                "at": to_text(approved.at),
                "author": approved.by,
                "reason": " ".join(approved.reason.split()),
            }
            connection.execute(sa.insert(_APPROVALS).values(row))
