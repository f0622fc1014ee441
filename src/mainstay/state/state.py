"""`State`: what every engine under the books gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    import sqlalchemy as sa

PATIENCE = 5.0  # seconds to wait for another writer


class State(ABC):
    """The books' SQL engine; safe to share between threads, one per process (open it after a fork).

    It needs nothing to be kept open: a connection that was lost is made anew at the next use, so that a server goes on
    after the database was away.

    Parameters
    ----------
    name : str
        What sentences call it: the file, or ``host:port/database``; never a password.

    """

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def begin(self) -> AbstractContextManager[sa.Connection]:
        """Open a write transaction: commits at the end, rolls back on any exception; one writer at a time.

        Raises
        ------
        LockedError, CorruptError, StoreError
            In one sentence with the cure.

        """

    @abstractmethod
    def read(self) -> AbstractContextManager[sa.Connection]:
        """Open a read transaction: everything read in it is of one moment, and no writer blocks it.

        Raises
        ------
        CorruptError, StoreError
            In one sentence with the cure.

        """

    @abstractmethod
    def back_up(self, label: str = "asked") -> Path:
        """Copy everything, as of the last commit, into the folder of backups; gives the copy."""

    @abstractmethod
    def keep_recent(self) -> None:
        """Keep a copy of what was just committed, where this engine's copies are cheap; never fails, but says so."""

    @abstractmethod
    def damages(self) -> tuple[str, ...]:
        """Look at everything that is stored; gives what is wrong with it, empty where all is well."""

    @abstractmethod
    def restore_hint(self) -> str:
        """Say how to get it back, once it is damaged or gone."""

    @abstractmethod
    def wipe(self, table: str) -> None:
        """Write a table anew, so that no byte of its deleted rows is left in its files.

        Raises
        ------
        LockedError, StoreError
            Where it can't be; the rows stay deleted.

        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection; a state that is used again opens new ones."""

    @abstractmethod
    def tables(self, connection: sa.Connection) -> frozenset[str]:
        """Name the tables there are where this state keeps its own."""

    @abstractmethod
    def spelt(self, statement: str) -> str:
        """Spell a statement of the migrations as this engine needs it."""

    @abstractmethod
    def keep(self, connection: sa.Connection, label: str) -> Path:
        """Copy everything while a write transaction is open, as it was before that transaction."""
