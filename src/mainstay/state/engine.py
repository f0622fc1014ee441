"""`State`: the engine under both halves of the registry."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainstay.errors import CorruptError, SetupError, StoreError
from mainstay.state.faults import BACKUPS, restore_hint, told
from mainstay.state.files import PRIVATE_FILE, private_folder, sync_file, sync_folder
from mainstay.state.schema import SCHEMA, back_up, check_file, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.state.schema import Migration

FILE = "registry.sqlite"
PATIENCE = 5.0  # seconds to wait for another writer
_ABANDONED = 60.0  # seconds after which a half-made file has no maker any more


class State:
    """The books' SQL engine; safe to share between threads, one per process (open it after a fork).

    Parameters
    ----------
    path : Path
        The database file, already up to date: use `open_state`.
    patience : float
        Seconds to wait for another writer before giving up.

    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._identity = _identity(path)
        url = sa.URL.create("sqlite", database=str(path))
        self._engine = sa.create_engine(url, connect_args={"timeout": patience, "check_same_thread": False})
        sa.event.listen(self._engine, "connect", _prepare)
        sa.event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(mainstay_begin="BEGIN IMMEDIATE")

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a write transaction: commits at the end, rolls back on any exception.

        Raises
        ------
        LockedError, CorruptError, StoreError
            In one sentence with the cure.

        """
        with told(self.path):
            self._keep_up()
            with self._writer.begin() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a read transaction: everything read in it is of one moment, and no writer blocks it.

        Raises
        ------
        CorruptError, StoreError
            In one sentence with the cure.

        """
        with told(self.path):
            self._keep_up()
            with self._engine.begin() as connection:
                yield connection

    def back_up(self, label: str = "asked") -> Path:
        """Copy the database, as of the last commit, into ``backups`` beside it."""
        with told(self.path):
            return back_up(self.path, label)

    def damages(self) -> tuple[str, ...]:
        """Let SQLite look at every page; returns what it found, empty where all is well."""
        try:
            with self.read() as connection:
                found = [str(row[0]) for row in connection.execute(sa.text("PRAGMA integrity_check"))]
        except CorruptError as error:
            return (error.message,)
        return () if found == ["ok"] else tuple(found)

    def close(self) -> None:
        """Close every connection; a state that is used again opens new ones."""
        self._engine.dispose()

    def _keep_up(self) -> None:
        # A long-running reader would go on reading a file that was moved away and restored under its name.
        now = _identity(self.path)
        if now == self._identity:
            return
        if now is None:
            raise StoreError(f"The registry {self.path} is gone.", restore_hint(self.path))
        with self._lock:
            self._engine.dispose()
            self._identity = now


def open_state(place: Path | str, *, patience: float = PATIENCE, migrations: Sequence[Migration] = SCHEMA) -> State:
    """Open the books' database, making it or bringing it forward where needed.

    Parameters
    ----------
    place : Path or str
        The folder of the books (``project.books``), or an address from MAINSTAY_STATE (``sqlite:////path/to/file``).
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
        It can't be made or written, or was written by a newer mainstay.
    SetupError
        The address is of an engine that isn't there.

    Examples
    --------
    >>> import tempfile
    >>> state = open_state(Path(tempfile.mkdtemp()) / ".mainstay")
    >>> state.damages()
    ()
    >>> state.close()

    """
    path = _file_of(place)
    private_folder(path.parent)
    try:
        _sweep(path)
        with told(path):
            if not path.exists():
                _make(path, migrations)
            check_file(path)
            with closing(sqlite3.connect(path, timeout=patience, isolation_level=None)) as connection:
                migrate(connection, path, migrations)
                connection.execute("PRAGMA journal_mode = WAL")  # a restored copy may have lost it
    except OSError as error:
        raise StoreError(
            f"The registry {path} can't be opened: {error.strerror}.",
            f"Give this user the right to write in {path.parent}, or name another place with MAINSTAY_STATE.",
        ) from None
    return State(path, patience)


def _file_of(place: Path | str) -> Path:
    if isinstance(place, Path):
        return place.absolute() / FILE
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Path(place).absolute() / FILE
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
        raise SetupError(
            f"The registry can't be kept at '{scheme}://…'.",
            "This version keeps it in a file: unset MAINSTAY_STATE, or set it to sqlite:////absolute/path/to/registry.sqlite",
        )
    return Path(rest[1:]).absolute()


def _make(path: Path, migrations: Sequence[Migration]) -> None:
    """Make a complete database under another name, then link it to its own: it is never seen half-made."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        with closing(sqlite3.connect(half, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection, half, migrations, keep=False)
        sync_file(half)
        os.link(half, path)  # unlike a rename, this never replaces what another process made meanwhile
        sync_folder(path.parent)
    except FileExistsError:
        return
    finally:
        half.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove what a killed process left half-made."""
    backups = path.parent / BACKUPS
    for file in (*path.parent.glob(f".{path.name}.*.tmp*"), *backups.glob("*.tmp*")):
        try:
            if time.time() - file.stat().st_mtime > _ABANDONED:
                file.unlink()
        except FileNotFoundError:
            continue


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("mainstay_begin", "BEGIN"))
