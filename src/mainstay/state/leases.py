"""Leases: the right to act alone for a while, with a token that grows when it changes hands."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mainstay.state.times import from_text, to_text

if TYPE_CHECKING:
    from mainstay.state.state import State

_LEASES = sa.table("leases", *(sa.column(name) for name in ("name", "owner", "token", "expires")))


class Lease(msgspec.Struct, frozen=True):
    """Who may act alone.

    Parameters
    ----------
    name : str
        What it is for.
    owner : str
        Who holds it.
    token : int
        The fencing token: whoever shows a smaller one is late and must be refused.
    expires : datetime
        When it ends unless it is acquired again, UTC.

    """

    name: str
    owner: str
    token: int
    expires: dt.datetime


def controller(model: str) -> str:
    """Name the lease of whoever watches a model: held while the controller lives, renewed at each look."""
    return f"controller/{model}"


def acquire(state: State, name: str, owner: str, ttl: dt.timedelta, now: dt.datetime) -> int | None:
    """Take a lease, or keep it for longer.

    Parameters
    ----------
    state : State
        Where it is written.
    name, owner : str
        What for, and who.
    ttl : timedelta
        For how long from `now`.
    now : datetime
        The moment, UTC.

    Returns
    -------
    int or None
        The fencing token: the same as before for an owner who still holds it, a greater one for a new owner or one
        who let it end. None while another owner holds it.

    """
    with state.begin() as connection:
        held = _read(connection, name)
        expires = to_text(now + ttl)
        if held is None:
            connection.execute(sa.insert(_LEASES).values(name=name, owner=owner, token=1, expires=expires))
            return 1
        if held.expires > now and held.owner != owner:
            return None
        token = held.token if held.expires > now else held.token + 1
        mine = _LEASES.c.name == name
        connection.execute(sa.update(_LEASES).where(mine).values(owner=owner, token=token, expires=expires))
        return token


def release(state: State, name: str, owner: str, now: dt.datetime) -> None:
    """Give a lease back before its end; nothing happens where another owner holds it."""
    with state.begin() as connection:
        mine = (_LEASES.c.name == name) & (_LEASES.c.owner == owner)
        connection.execute(sa.update(_LEASES).where(mine).values(expires=to_text(now)))


def lease_of(state: State, name: str) -> Lease | None:
    """Read who held a lease last, ended or not."""
    with state.read() as connection:
        return _read(connection, name)


def _read(connection: sa.Connection, name: str) -> Lease | None:
    row = connection.execute(sa.select(_LEASES).where(_LEASES.c.name == name)).one_or_none()
    return None if row is None else Lease(row.name, row.owner, row.token, from_text(row.expires))
