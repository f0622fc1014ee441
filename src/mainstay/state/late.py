"""`LateState`: books that are opened when they are first used, so that a server starts while the database is away."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mainstay.state.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import sqlalchemy as sa


class LateState(State):
    """A state that opens itself at its first use, and tries again at the next one where that failed.

    Parameters
    ----------
    name : str
        What sentences call it until then.
    opener : callable
        Opens it; what it raises is raised by whatever was asked.

    """

    def __init__(self, name: str, opener: Callable[[], State]) -> None:
        super().__init__(name)
        self._opener = opener
        self._lock = threading.Lock()
        self._state: State | None = None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a write transaction, as `State.begin` says."""
        with self._opened().begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a read transaction, as `State.read` says."""
        with self._opened().read() as connection:
            yield connection

    def back_up(self, label: str = "asked") -> Path:
        """Copy everything, as `State.back_up` says."""
        return self._opened().back_up(label)

    def damages(self) -> tuple[str, ...]:
        """Look at everything, as `State.damages` says."""
        return self._opened().damages()

    def restore_hint(self) -> str:
        """Say how to get it back, once it is damaged or gone."""
        return self._opened().restore_hint()

    def wipe(self, table: str) -> None:
        """Write a table anew, as `State.wipe` says."""
        self._opened().wipe(table)

    def close(self) -> None:
        """Close every connection, where there are any."""
        if self._state is not None:
            self._state.close()

    def keep_recent(self) -> None:
        """Keep a copy, as `State.keep_recent` says."""
        self._opened().keep_recent()

    def tables(self, connection: sa.Connection) -> frozenset[str]:
        """Name the tables there are."""
        return self._opened().tables(connection)

    def spelt(self, statement: str) -> str:
        """Spell a statement."""
        return self._opened().spelt(statement)

    def keep(self, connection: sa.Connection, label: str) -> Path:
        """Copy everything while a write transaction is open."""
        return self._opened().keep(connection, label)

    def _opened(self) -> State:
        if self._state is None:
            with self._lock:
                if self._state is None:
                    self._state = self._opener()
                    self.name = self._state.name
        return self._state
