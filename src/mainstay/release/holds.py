"""`Holds`: whether something other than a person may change who answers; only added to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mainstay.errors import ReleaseError
from mainstay.state import from_text, to_text

if TYPE_CHECKING:
    from mainstay.state import State

_NAMES = ("model", "id", "held", "at", "author", "reason", "release")
_HOLDS = sa.table("holds", *(sa.column(name) for name in _NAMES))
_LAST = sa.select(_HOLDS).where(_HOLDS.c.model == sa.bindparam("model")).order_by(_HOLDS.c.id.desc()).limit(1)


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A word about what the controller may do: that it is held, or goes on.

    Where a person put it on, the controller only tells. Where a rollback did, nothing is promoted; should what is
    released after it fail as well, that may still be rolled back.

    Parameters
    ----------
    model : str
        Of which model.
    held : bool
        Whether it is held from then on.
    at : datetime
        Since when, UTC.
    by : str
        Who said so.
    reason : str
        Why.
    release : int
        Number of the rollback that it came with; 0 where a person said so.

    """

    model: str
    held: bool
    at: dt.datetime
    by: str
    reason: str
    release: int = 0


class Holds:
    """The holds of every model; the last word counts.

    Parameters
    ----------
    state : State
        Where they are written.

    """

    def __init__(self, state: State) -> None:
        self._state = state

    def current(self, model: str) -> Hold | None:
        """Give the hold that is on; None where there is none."""
        with self._state.read() as connection:
            last = _last(connection, model)
        return last if last is not None and last.held else None

    def say(self, hold: Hold) -> Hold:
        """Hold, or let go on.

        Raises
        ------
        ReleaseError
            Without a reason, or where it is so already.

        """
        if not hold.reason.strip():
            raise ReleaseError("That needs a reason, for those who read the history.", 'Say it: --reason "…"')
        with self._state.begin() as connection:
            last = _last(connection, hold.model)
            if last is not None and last.held and not last.release and hold.held:
                raise ReleaseError(
                    f"{hold.model} is held already, by {last.by} ({last.reason}).",
                    'Let it go on: mainstay resume --reason "…"',
                )
            if not hold.held and (last is None or not last.held):
                raise ReleaseError(f"{hold.model} isn't held.", "Nothing was changed.")
            _write(connection, hold)
        return hold


def hold_too(connection: sa.Connection, hold: Hold) -> None:
    """Hold in a transaction that does something else as well; one that is on stays as it is."""
    last = _last(connection, hold.model)
    if last is None or not last.held:
        _write(connection, hold)


def _write(connection: sa.Connection, hold: Hold) -> None:
    """Write a word down, whatever the last one was."""
    before = connection.execute(_LAST, {"model": hold.model}).one_or_none()
    row = {
        "model": hold.model,
        "id": 1 if before is None else before.id + 1,
        "held": int(hold.held),
        "at": to_text(hold.at),
        "author": hold.by,
        "reason": " ".join(hold.reason.split()),
        "release": hold.release,
    }
    connection.execute(sa.insert(_HOLDS).values(row))


def _last(connection: sa.Connection, model: str) -> Hold | None:
    row = connection.execute(_LAST, {"model": model}).one_or_none()
    if row is None:
        return None
    return Hold(
        model=row.model,
        held=bool(row.held),
        at=from_text(row.at),
        by=row.author,
        reason=row.reason,
        release=row.release,
    )
