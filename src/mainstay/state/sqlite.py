"""SQLite: the books' engine on one machine, a file in WAL mode."""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainstay.errors import CorruptError, StoreError
from mainstay.state.copies import BACKUPS, back_up, first_damage, is_usual, keep_recent, newest_copy
from mainstay.state.files import PRIVATE_FILE, private_folder, sweep_abandoned, sync_file, sync_folder
from mainstay.state.schema import migrate
from mainstay.state.sqlite_faults import restore_hint, told
from mainstay.state.state import PATIENCE, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mainstay.state.schema import Migration

_LOG = logging.getLogger("mainstay")
FILE = "registry.sqlite"
_QUICK = 16 * 2**20  # bytes of a file whose every page is looked at when it is opened: some 20 ms
_TABLES = sa.text("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@'")


class SqliteState(State):
    """The books in a file.

    Parameters
    ----------
    path : Path
        The database file, already up to date: use `open_state`.
    patience : float
        Seconds to wait for another writer before giving up.

    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        super().__init__(str(path))
        self.path = path
        self._lock = threading.Lock()
        self._copying = threading.Lock()
        self._identity = _identity(path)
        url = sa.URL.create("sqlite", database=str(path))
        self._engine = sa.create_engine(url, connect_args={"timeout": patience, "check_same_thread": False})
        sa.event.listen(self._engine, "connect", _prepare)
        sa.event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(mainstay_begin="BEGIN IMMEDIATE")

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a write transaction, as `State.begin` says."""
        with told(self.path):
            self._keep_up()
            with self._writer.begin() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a read transaction, as `State.read` says."""
        with told(self.path):
            self._keep_up()
            with self._engine.begin() as connection:
                yield connection

    def back_up(self, label: str = "asked") -> Path:
        """Copy the database, as of the last commit, into ``backups`` beside it."""
        with told(self.path):
            return back_up(self.path, label)

    def keep_recent(self) -> None:
        """Keep a copy, and the few before it, in ``backups``; one that takes longer is made while this goes on."""
        if is_usual(self.path):
            self._keep_recent()
        else:  # the process doesn't end before it is done
            threading.Thread(target=self._keep_recent, name="mainstay-copy").start()

    def _keep_recent(self) -> None:
        if not self._copying.acquire(blocking=False):
            return
        try:
            with told(self.path):
                keep_recent(self.path)
        except (StoreError, OSError, sqlite3.Error) as error:
            _LOG.warning("No copy of the registry was kept: %s", error)
        finally:
            self._copying.release()

    def damages(self) -> tuple[str, ...]:
        """Let SQLite look at every page, and at every reference from row to row."""
        try:
            with self.read() as connection:
                found = [str(row[0]) for row in connection.execute(sa.text("PRAGMA integrity_check"))]
                orphans = connection.execute(sa.text("PRAGMA foreign_key_check")).all()
        except CorruptError as error:
            return (error.message,)
        lost = [f"Row {row[1]} of {row[0]} belongs to one of {row[2]} that isn't there." for row in orphans]
        return (*(() if found == ["ok"] else found), *lost)

    def restore_hint(self) -> str:
        """Say how to get it back."""
        return restore_hint(self.path)

    def wipe(self, table: str) -> None:
        """Write the whole file anew: SQLite knows no less."""
        del table
        with told(self.path), closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection; a state that is used again opens new ones."""
        self._engine.dispose()

    def tables(self, connection: sa.Connection) -> frozenset[str]:
        """Name the tables of the file."""
        return frozenset(connection.execute(_TABLES).scalars())

    def spelt(self, statement: str) -> str:
        """Leave a statement as it is: the migrations are written in what SQLite speaks."""
        return statement

    def keep(self, connection: sa.Connection, label: str) -> Path:
        """Copy the file: another connection sees the last commit while this one writes."""
        del connection
        return back_up(self.path, label)

    def _keep_up(self) -> None:
        # A long-running reader would go on reading a file that was moved away and restored under its name.
        now = _identity(self.path)
        if now == self._identity:
            return
        if now is None:
            raise _gone(self.path)
        with self._lock:
            self._engine.dispose()
            self._identity = now


def open_sqlite(path: Path, patience: float, migrations: Sequence[Migration], lost: Callable[[], bool]) -> State:
    """Open a file, making it or bringing it forward where needed; raises as `open_state` does."""
    private_folder(path.parent)
    try:
        sweep_abandoned((path.parent, f".{path.name}.*.tmp*"), (path.parent / BACKUPS, "*.tmp*"))
        with told(path):
            if not path.exists():
                _demand_nothing_lost(path, lost)
                _make(path, migrations)
            _check_file(path)
            with closing(sqlite3.connect(path, timeout=patience, isolation_level=None)) as connection:
                _look_through(connection, path)
                connection.execute("PRAGMA journal_mode = WAL")  # a restored copy may have lost it
        state = SqliteState(path, patience)
        try:
            migrate(state, migrations)
        except BaseException:
            state.close()
            raise
    except OSError as error:
        raise StoreError(
            f"The registry {path} can't be opened: {error.strerror}.",
            f"Give this user the right to write in {path.parent}, or name another place with MAINSTAY_STATE.",
        ) from None
    return state


def _demand_nothing_lost(path: Path, lost: Callable[[], bool]) -> None:
    if newest_copy(path) is not None or lost():
        raise _gone(path)


def _gone(path: Path) -> StoreError:
    return StoreError(f"The registry {path} is gone.", restore_hint(path))


def _make(path: Path, migrations: Sequence[Migration]) -> None:
    """Make a complete database under another name, then link it to its own: it is never seen half-made."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        with closing(sqlite3.connect(half, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with closing(SqliteState(half)) as state:
            migrate(state, migrations)
        sync_file(half)
        os.link(half, path)  # unlike a rename, this never replaces what another process made meanwhile
        sync_folder(path.parent)
    except FileExistsError:
        return
    finally:
        half.unlink(missing_ok=True)


def _check_file(path: Path) -> None:
    """Refuse what can't be a registry before SQLite makes a fresh one of it."""
    if path.stat().st_size == 0:  # ours are never empty, they get their name when they are complete
        raise CorruptError(f"The registry {path} is empty: something cut it off.", restore_hint(path))


def _look_through(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a damaged file while it is small enough to be read whole; a greater one is looked at with each copy."""
    if path.stat().st_size <= _QUICK and (damage := first_damage(connection)):
        raise CorruptError(f"The registry {path} is damaged: {damage}.", restore_hint(path))


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
