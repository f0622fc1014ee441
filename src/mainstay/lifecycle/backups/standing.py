"""What books are there before others take their place; healthy ones are replaced by nobody who didn't say so."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainstay.errors import CorruptError, InputError, StoreError
from mainstay.state import open_state
from mainstay.state.dump import is_empty
from mainstay.state.opening import file_of, is_server

if TYPE_CHECKING:
    from pathlib import Path

_COUNT = sa.text("SELECT (SELECT count(*) FROM versions), (SELECT count(*) FROM releases)")


def demand_room(books: Path, place: Path | str, *, force: bool) -> None:
    """Refuse to replace healthy books.

    Parameters
    ----------
    books : Path
        The project's folder of books.
    place : Path or str
        Where their registry is kept.
    force : bool
        Whether a file may be replaced all the same; what is in a database server never is.

    Raises
    ------
    InputError
        Where the registry in a file is healthy, and holds something.
    StoreError
        Where a database server already holds something, or the registry can't be looked at.

    """
    if is_server(place):
        return _demand_empty(books, place)
    if not force and (held := _held(place)):
        raise InputError(
            f"The registry {file_of(place)} is healthy: {held}.",
            "To have the backup in its place all the same, add --force; what is there is moved aside, not removed.",
        )
    return None


def _demand_empty(books: Path, place: Path | str) -> None:
    cure = "Restore into an empty database, or an empty schema of this one: MAINSTAY_STATE=postgresql://…?schema=NAME"
    try:
        with closing(open_state(place, books=books)) as state, state.read() as connection:
            if not is_empty(state, connection):
                raise StoreError(f"The registry {state.name} isn't empty.", cure)
    except CorruptError as error:
        raise StoreError(error.message, cure) from None


def _held(place: Path | str) -> str:
    """Say what a sound registry in a file holds; empty where it holds nothing, is damaged or isn't there."""
    path = file_of(place)
    if not path.exists():
        return ""
    try:
        with closing(open_state(f"sqlite:///{path}")) as state:
            with state.read() as connection:
                versions, releases = connection.execute(_COUNT).one()
            if not (versions or releases) or state.damages():
                return ""
    except CorruptError:
        return ""
    return f"{versions} versions, {releases} releases"
