"""`EmbeddedPersons`: the keys in a file below the books, where one machine answers."""

from __future__ import annotations

import mmap
import os
import secrets
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.events.persons.persons import KEY_BYTES, Persons

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

FILE = "persons.sqlite"
_PATIENCE = 5.0  # seconds to wait for another writer
_AT_ONCE = 500  # names in one statement
_MODE = 0o600
_TABLES = (
    "CREATE TABLE IF NOT EXISTS persons (person TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS destroyed (times INTEGER NOT NULL)",
    "INSERT INTO destroyed SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM destroyed)",
)


class EmbeddedPersons(Persons):
    """The keys of a project's persons, shared by all processes of this machine.

    Parameters
    ----------
    path : Path
        The file.
    durable : bool
        Whether a new key has to survive a power cut before anything is sealed with it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> persons = EmbeddedPersons(Path(tempfile.mkdtemp()) / FILE)
    >>> key = persons.keys(["f0c9"])["f0c9"]
    >>> persons.keys(["f0c9"])["f0c9"] == key, len(key)
    (True, 32)
    >>> persons.destroy(["f0c9"]), persons.known(["f0c9"])
    (1, {})
    >>> persons.close()

    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        super().__init__()
        self.path = path
        self._durable = durable
        self._open: sqlite3.Connection | None = None

    def known(self, people: Iterable[str]) -> dict[str, bytes]:
        """Give the keys that there are, as `Persons.known` says."""
        with self._lock, self._told():
            return self._read(sorted(set(people))) if self.path.exists() else {}

    def everybody(self) -> list[str]:
        """List whose keys there are."""
        with self._lock, self._told():
            if not self.path.exists():
                return []
            return [person for (person,) in self._connection.execute("SELECT person FROM persons ORDER BY person")]

    def put(self, keys: Mapping[str, bytes]) -> None:
        """Take keys in from elsewhere, as `Persons.put` says."""
        with self._lock, self._told():
            self._put(keys)

    def destroy(self, people: Collection[str]) -> int:
        """Destroy keys, as `Persons.destroy` says."""
        with self._lock, self._told():
            if not self.path.exists():
                return 0
            gone = self._read(sorted(set(people)))
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                connection.executemany("DELETE FROM persons WHERE person = ?", [(person,) for person in gone])
                connection.execute("UPDATE destroyed SET times = times + 1")
            self._kept.clear()
            self._wipe(gone)
            return len(gone)

    def back_up(self, target: Path) -> None:
        """Copy the keys, as of now, into a file for this user alone."""
        with self._lock, self._told():
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
            copy = sqlite3.connect(target)
            try:
                self._connection.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE))
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
            _prepare(connection, "FULL" if self._durable else "NORMAL")
            self._open = connection
        return self._open

    def _destructions(self) -> int:
        with self._told():
            return int(self._connection.execute("SELECT times FROM destroyed").fetchone()[0])

    def _make(self, lacking: list[str]) -> dict[str, bytes]:
        with self._told():
            found = self._read(lacking)
            new = {person: secrets.token_bytes(KEY_BYTES) for person in lacking if person not in found}
            if new:
                self._put(new)
                found |= self._read(list(new))  # another process may have been faster
        return found

    def _put(self, keys: Mapping[str, bytes]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            connection.executemany("INSERT INTO persons VALUES (?, ?) ON CONFLICT DO NOTHING", keys.items())

    def _read(self, people: list[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for start in range(0, len(people), _AT_ONCE):
            some = people[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            found.update(self._connection.execute(f"SELECT person, key FROM persons WHERE person IN ({marks})", some))  # noqa: S608 - question marks alone
        return found

    def _wipe(self, gone: dict[str, bytes]) -> None:
        """See that no byte of the keys is left: SQLite overwrites what it deletes, but the log beside the file, and
        pages that were split, may hold older copies.
        """  # noqa: D205 - one thought
        self._empty_wal()
        if self._holds(gone):
            self._connection.execute("VACUUM")
            self._empty_wal()
        if self._holds(gone):
            raise StoreError("The keys are deleted, but their bytes are still in the file.", "Call it again.")

    def _empty_wal(self) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy or time.monotonic() > until:
                return
            time.sleep(0.05)

    def _holds(self, gone: dict[str, bytes]) -> bool:
        for name in (self.path.name, f"{self.path.name}-wal", f"{self.path.name}-journal"):
            path = self.path.with_name(name)
            if path.exists() and path.stat().st_size:
                with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    if any(content.find(some) >= 0 for pair in gone.items() for some in (pair[0].encode(), pair[1])):
                        return True
        return False

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if self._open is not None:
                self._open.close()
                self._open = None
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise StoreError(
                f"The keys of persons can't be read or written: {why} ({self.path}).",
                "Free some space, mend the file's permissions, or restore it from a backup.",
            ) from None


def _prepare(connection: sqlite3.Connection, synchronous: str) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:  # several processes make the file at once: this alone never waits by itself
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statement in _TABLES:
            connection.execute(statement)
