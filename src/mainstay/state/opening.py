"""`open_state` and `open_late`: an address picks the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import SetupError
from mainstay.state.address import SCHEMES, read_address
from mainstay.state.copies import BACKUPS
from mainstay.state.late import LateState
from mainstay.state.postgres import open_postgres
from mainstay.state.schema import SCHEMA
from mainstay.state.sqlite import FILE, open_sqlite
from mainstay.state.state import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.state.schema import Migration
    from mainstay.state.state import State


def _never() -> bool:
    return False


def open_state(
    place: Path | str,
    *,
    books: Path | None = None,
    lost: Callable[[], bool] = _never,
    patience: float = PATIENCE,
    migrations: Sequence[Migration] = SCHEMA,
) -> State:
    """Open the books' database, making it or bringing it forward where needed.

    Parameters
    ----------
    place : Path or str
        The folder of the books (``project.books``), or an address from MAINSTAY_STATE: ``sqlite:////path/to/file`` or
        ``postgresql://user:password@host:5432/database``, with ``?schema=NAME`` for one of several in a database.
    books : Path, optional
        The folder whose ``backups`` take those of a database server; ``.mainstay`` here unless given. A file has them
        beside it.
    lost : callable
        Asked where there is none, or an empty one: whether something says that there was one, so that none is made.
    patience : float
        Seconds to wait for another writer before giving up.
    migrations : sequence of Migration
        Every known step of the schema.

    Raises
    ------
    LockedError
        Another process holds it.
    CorruptError
        It isn't a registry, or is damaged.
    StoreError
        It can't be reached, made or written, is gone, or was written by a newer mainstay.
    SetupError
        The address is of an engine that isn't there, or can't be read.

    Examples
    --------
    >>> import tempfile
    >>> state = open_state(Path(tempfile.mkdtemp()) / ".mainstay")
    >>> state.damages()
    ()
    >>> state.close()

    """
    if is_server(place):
        backups = (Path(".mainstay") if books is None else books).absolute() / BACKUPS
        return open_postgres(read_address(str(place)), backups, patience, migrations, lost)
    return open_sqlite(file_of(place), patience, migrations, lost)


def open_late(place: Path | str, *, books: Path | None = None, lost: Callable[[], bool] = _never) -> State:
    """Give a state that is opened when it is first used, and tried again each time until it answers.

    Parameters
    ----------
    place, books, lost
        As `open_state` takes them.

    Raises
    ------
    SetupError
        At once, where the address can't be read; everything else is raised by whatever is asked.

    """
    name = read_address(str(place)).name if is_server(place) else str(file_of(place))
    return LateState(name, lambda: open_state(place, books=books, lost=lost))


def is_server(place: Path | str) -> bool:
    """Tell whether a place is the address of a database server."""
    scheme, separator, _ = str(place).partition("://")
    return isinstance(place, str) and bool(separator) and scheme in SCHEMES


def file_of(place: Path | str) -> Path:
    """Name the file that a registry is kept in.

    Raises
    ------
    SetupError
        Where the address is of no file.

    """
    if isinstance(place, Path):
        return place.absolute() / FILE
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Path(place).absolute() / FILE
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
        raise SetupError(
            f"The registry can't be kept at '{scheme}://…'.",
            "Unset MAINSTAY_STATE, or set it to sqlite:////absolute/path/to/registry.sqlite or "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE",
        )
    return Path(rest[1:]).absolute()
