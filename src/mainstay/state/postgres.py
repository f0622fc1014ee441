"""PostgreSQL: the books' engine that several machines share, through psycopg 3."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mainstay.errors import CorruptError, StoreError
from mainstay.extras import need
from mainstay.state.dump import dump_within
from mainstay.state.examine import examine
from mainstay.state.files import sweep_abandoned
from mainstay.state.postgres_faults import Faults
from mainstay.state.schema import migrate, schema_of
from mainstay.state.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mainstay.state.address import Address
    from mainstay.state.schema import Migration

_LONGEST = 30  # seconds a statement may take
_FORGOTTEN = 120  # seconds a transaction may wait for its process, which may hang: the next writer waits for it
# A transaction-scoped lock: it goes with the transaction or the connection, however that ends. It is taken before
# anything is read, so that every later statement sees what the writer before this one committed.
_ALONE = sa.text("SELECT pg_advisory_xact_lock(1835100526, hashtext(coalesce(current_schema(), '')))")
_TABLES = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_SPELLINGS = (
    (re.compile(r"\bINTEGER\b"), "BIGINT"),  # four bytes there, eight in SQLite
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),  # sorted by bytes, as SQLite and Python do
)


class PostgresState(State):
    """The books in a database server.

    Parameters
    ----------
    address : Address
        Where it is; already up to date: use `open_state`.
    backups : Path
        The folder for the backups taken from here.
    patience : float
        Seconds to wait for another writer before giving up.

    """

    def __init__(self, address: Address, backups: Path, patience: float) -> None:
        super().__init__(address.name)
        self.backups = backups
        self._address = address
        self._faults = Faults(address, backups)
        self._wait = max(1, round(patience * 1000))  # milliseconds; 0 would be forever
        self._engine = sa.create_engine(
            "postgresql+psycopg://", creator=self._connect, pool_pre_ping=True, pool_timeout=max(patience, 1.0)
        )
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._writer = self._engine.execution_options(isolation_level="READ COMMITTED")
        self._plain = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a write transaction, as `State.begin` says: one writer at a time in the database's schema."""
        with self._faults.told(), self._writer.connect() as connection:
            connection.execute(_ALONE)
            yield connection
            with self._faults.told(unsure=True):
                connection.commit()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a read transaction, as `State.read` says."""
        with self._faults.told(), self._reader.connect() as connection:
            yield connection

    def back_up(self, label: str = "asked") -> Path:
        """Dump everything, as of the last commit, into the folder of backups of this project on this machine."""
        with self.read() as connection:
            return self.keep(connection, label)

    def keep_recent(self) -> None:
        """Do nothing: a server has backups of its own, better than what each of its clients could take."""

    def damages(self) -> tuple[str, ...]:
        """Read every row, and hold keys, references and the server's own checksums against them."""
        try:
            with self.read() as connection:
                return examine(connection, self.tables(connection))
        except CorruptError as error:
            return (error.message,)

    def wipe(self, table: str) -> None:
        """Let the server write a table into a new file: a plain VACUUM frees the room, and leaves the bytes in it."""
        said: list[str] = []

        def hear(notice: Any) -> None:
            said.append(str(notice.message_primary))

        with self._faults.told(), self._plain.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.add_notice_handler(hear)
            try:
                connection.exec_driver_sql(f'VACUUM (FULL) "{table}"')
            finally:
                driver.remove_notice_handler(hear)
        if said:  # who doesn't own a table is told no more than a warning
            raise StoreError(
                f"What was deleted from {table} may still lie in the files of {self.name}: {said[0]}.",
                f"Let the owner of the table do it: VACUUM FULL {table}",
            )

    def close(self) -> None:
        """Close every connection; a state that is used again opens new ones."""
        self._engine.dispose()

    def tables(self, connection: sa.Connection) -> frozenset[str]:
        """Name the tables of the schema."""
        return frozenset(connection.execute(_TABLES).scalars())

    def spelt(self, statement: str) -> str:
        """Spell a type as PostgreSQL needs it to keep and to sort what SQLite does."""
        for pattern, word in _SPELLINGS:
            statement = pattern.sub(word, statement)
        return statement

    def keep(self, connection: sa.Connection, label: str) -> Path:
        """Dump what this transaction sees."""
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
        folder = self.backups / f"registry-{label}-{stamp}.dump"
        dump_within(self, connection, folder)
        return folder

    def restore_hint(self) -> str:
        """Say how to get it back."""
        return self._faults.restore_hint()

    def _connect(self) -> Any:
        psycopg = need("psycopg", "A registry in PostgreSQL", "postgres")
        # Statements are not prepared: a pooler between here and the server may hand on another session each time.
        connection = psycopg.connect(**self._address.told, prepare_threshold=None, autocommit=True)
        settings = {
            "statement_timeout": f"{_LONGEST}s",
            "idle_in_transaction_session_timeout": f"{_FORGOTTEN}s",
            "lock_timeout": f"{self._wait}ms",
        }
        for name, value in settings.items():
            connection.execute(f"SET {name} = '{value}'")
        if self._address.schema:
            connection.execute(f'SET search_path TO "{self._address.schema}"')
        connection.autocommit = False
        return connection


def open_postgres(
    address: Address, backups: Path, patience: float, migrations: Sequence[Migration], lost: Callable[[], bool]
) -> State:
    """Open a database, making its tables or bringing them forward where needed; raises as `open_state` does."""
    sweep_abandoned((backups, ".*.tmp"))
    state = PostgresState(address, backups, patience)
    try:
        _demand_nothing_lost(state, lost)
        _make_schema(state, address)
        migrate(state, migrations)
    except BaseException:
        state.close()
        raise
    return state


def _make_schema(state: PostgresState, address: Address) -> None:
    if not address.schema:
        return
    with state.read() as connection:
        there = connection.execute(sa.text("SELECT current_schema()")).scalar()
    if there is None:
        with state.begin() as connection:
            connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{address.schema}"')


def _demand_nothing_lost(state: PostgresState, lost: Callable[[], bool]) -> None:
    with state.read() as connection:
        empty = not schema_of(state, connection)
    if empty and lost():
        raise StoreError(f"The registry {state.name} is empty, and there was one.", state.restore_hint())
