"""`Releases`: the append-only history, with one winner at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from mainstay.errors import ReleaseError
from mainstay.release.holds import Hold, hold_too
from mainstay.release.release import Approval, Release, Route, check_routes
from mainstay.state import from_text, to_text

if TYPE_CHECKING:
    from mainstay.state import State

_NAMES = ("model", "id", "kind", "routes", "at", "author", "reason", "trial", "approvals", "steps")
_RELEASES = sa.table("releases", *(sa.column(name) for name in _NAMES))
_ROUTES = msgspec.json.Decoder(tuple[Route, ...])
_APPROVALS = msgspec.json.Decoder(tuple[Approval, ...])
_STEPS = msgspec.json.Decoder(tuple[float, ...])
# Compiled once: a server asks five times a second and worker.
_LAST = sa.select(sa.func.max(_RELEASES.c.id)).where(_RELEASES.c.model == sa.bindparam("model"))
_HISTORY = sa.select(_RELEASES).where(_RELEASES.c.model == sa.bindparam("model")).order_by(_RELEASES.c.id)
_CURRENT = (
    sa.select(_RELEASES).where(_RELEASES.c.model == sa.bindparam("model")).order_by(_RELEASES.c.id.desc()).limit(1)
)
_NUMBERED = sa.select(_RELEASES).where(
    _RELEASES.c.model == sa.bindparam("model"), _RELEASES.c.id == sa.bindparam("number")
)
_VERSIONS = sa.table("versions", *(sa.column(name) for name in ("model", "number", "removed")))
_REMOVED = sa.select(_VERSIONS.c.number).where(
    _VERSIONS.c.model == sa.bindparam("model"),
    _VERSIONS.c.number.in_(sa.bindparam("numbers", expanding=True)),
    _VERSIONS.c.removed != "",
)


class Releases:
    """The append-only history of who answers; the last row of a model is in force.

    Parameters
    ----------
    state : State
        Where it is written.

    """

    def __init__(self, state: State) -> None:
        self._state = state

    def last_id(self, model: str) -> int:
        """Read the number of the last release, 0 before the first: one indexed row, cheap enough to poll.

        Raises
        ------
        StoreError
            Where the history can't be read.

        """
        with self._state.read() as connection:
            return _last_id(connection, model)

    def current(self, model: str) -> Release | None:
        """Give the release in force; None before the first."""
        with self._state.read() as connection:
            row = connection.execute(_CURRENT, {"model": model}).one_or_none()
        return None if row is None else _release(row)

    def numbered(self, model: str, number: int) -> Release | None:
        """Give one release by its number; None where there is none."""
        with self._state.read() as connection:
            row = connection.execute(_NUMBERED, {"model": model, "number": number}).one_or_none()
        return None if row is None else _release(row)

    def history(self, model: str) -> tuple[Release, ...]:
        """Give every release, oldest first."""
        with self._state.read() as connection:
            return tuple(map(_release, connection.execute(_HISTORY, {"model": model})))

    def append(self, release: Release, expected: int | None = None) -> Release:
        """Make a drafted release true, if nobody was faster; a rollback also holds automatic promotion.

        Parameters
        ----------
        release : Release
            From `propose_release` or `propose_rollback`.
        expected : int, optional
            Number of the release it was drafted after; the one before its own unless given.

        Raises
        ------
        ReleaseError
            Somebody released something else meanwhile, or its routes lead nowhere.
        StoreError
            It can't be written.

        """
        check_routes(release.routes)
        after = release.id - 1 if expected is None else expected
        with self._state.begin() as connection:
            last = _last_id(connection, release.model)
            if last != after:
                raise ReleaseError(
                    f"Somebody else released {release.model} meanwhile (release {last}).",
                    "Look at it, then decide again: mainstay history",
                )
            _demand_bundles(connection, release)
            written = msgspec.structs.replace(release, id=last + 1)
            connection.execute(sa.insert(_RELEASES).values(_row(written)))
            if written.kind == "rollback":
                why = f"rolled back to version {written.champion}: {written.reason}"
                who, number = written.by, written.id
                hold = Hold(model=written.model, held=True, at=written.at, by=who, reason=why, release=number)
                hold_too(connection, hold)  # with it or not at all: what was rolled back isn't promoted again
        self._state.keep_recent()
        return written


def _demand_bundles(connection: sa.Connection, release: Release) -> None:
    """Refuse a version whose bundle was removed while this release was being decided."""
    where = {"model": release.model, "numbers": [route.version for route in release.routes]}
    for number in connection.execute(_REMOVED, where).scalars():
        raise ReleaseError(
            f"The bundle of {release.model} version {number} was removed; it can't answer.",
            "Name another version: mainstay version list",
        )


def _last_id(connection: sa.Connection, model: str) -> int:
    return connection.execute(_LAST, {"model": model}).scalar() or 0


def _row(release: Release) -> dict[str, str | int]:
    return {
        "model": release.model,
        "id": release.id,
        "kind": release.kind,
        "routes": msgspec.json.encode(release.routes).decode(),
        "at": to_text(release.at),
        "author": release.by,
        "reason": release.reason,
        "trial": int(release.trial),
        "approvals": msgspec.json.encode(release.approvals).decode(),
        "steps": msgspec.json.encode(release.steps).decode(),
    }


def _release(row: sa.Row[Any]) -> Release:
    return Release(
        id=row.id,
        model=row.model,
        kind=row.kind,
        routes=_ROUTES.decode(row.routes),
        at=from_text(row.at),
        by=row.author,
        reason=row.reason,
        trial=bool(row.trial),
        approvals=_APPROVALS.decode(row.approvals),
        steps=_STEPS.decode(row.steps),
    )
