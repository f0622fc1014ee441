"""`Persons`: one random key for each person that the log holds something personal about.

A person is known here by pseudonym alone. The keys lie in a file of their own below the books, apart from the log and
from the registry, so that no copy of either holds them: destroying a key makes everything unreadable that was sealed
with it, wherever that is by now (crypto-erasure).
"""

from __future__ import annotations

import mmap
import os
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mainstay.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

FILE = "persons.sqlite"
KEY_BYTES = 32
FRESH = 1.0
"""Seconds in which every process notices that keys were destroyed."""
_PATIENCE = 5.0  # seconds to wait for another writer
_MOST_KEPT = 50_000  # keys in memory: some 15 MB
_AT_ONCE = 500  # names in one statement
_MODE = 0o600
_TABLES = (
    "CREATE TABLE IF NOT EXISTS persons (person TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS destroyed (times INTEGER NOT NULL)",
    "INSERT INTO destroyed SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM destroyed)",
)


class Persons:
    """The keys of a project's persons, shared by all processes of this machine.

    Safe to use from any thread. Nothing is opened, or made, before the first use.

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
    >>> persons = Persons(Path(tempfile.mkdtemp()) / FILE)
    >>> key = persons.keys(["f0c9"])["f0c9"]
    >>> persons.keys(["f0c9"])["f0c9"] == key, len(key)
    (True, 32)
    >>> persons.destroy(["f0c9"]), persons.known(["f0c9"])
    (1, {})
    >>> persons.close()

    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self._durable = durable
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._times = -1
        self._look = 0.0

    def keys(self, people: Iterable[str]) -> dict[str, bytes]:
        """Give the key of each person, making those that aren't there yet; they are stored when this returns.

        Raises
        ------
        StoreError
            Where they can't be read or stored.

        """
        with self._lock, self._told():
            self._heed()
            kept, wanted = self._kept, set(people)
            found = {}
            for person in wanted:
                if (key := kept.get(person)) is not None:
                    kept.move_to_end(person)
                    found[person] = key
            lacking = sorted(wanted.difference(found))
            if lacking:
                found |= self._make(lacking)
            return found

    def known(self, people: Iterable[str]) -> dict[str, bytes]:
        """Give the keys that there are; none is made, and nothing is kept in memory.

        Raises
        ------
        StoreError
            Where they can't be read.

        """
        with self._lock, self._told():
            return self._read(sorted(set(people))) if self.path.exists() else {}

    def everybody(self) -> list[str]:
        """List whose keys there are."""
        with self._lock, self._told():
            if not self.path.exists():
                return []
            return [person for (person,) in self._connection.execute("SELECT person FROM persons ORDER BY person")]

    def destroy(self, people: Collection[str]) -> int:
        """Destroy keys, so that no byte of them is left in the files here; gives how many there were.

        Other processes forget them within a second (`FRESH`).

        Raises
        ------
        StoreError
            Where they can't be destroyed, or something of them is left.

        """
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

    def _heed(self) -> None:
        """Forget what is in memory where keys were destroyed since, by any process."""
        now = time.monotonic()
        if now < self._look:
            return
        (times,) = self._connection.execute("SELECT times FROM destroyed").fetchone()
        if times != self._times:
            self._kept.clear()
        self._times, self._look = times, now + FRESH / 2

    def _make(self, lacking: list[str]) -> dict[str, bytes]:
        connection = self._connection
        found = self._read(lacking)
        new = [(person, secrets.token_bytes(KEY_BYTES)) for person in lacking if person not in found]
        if new:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                connection.executemany("INSERT INTO persons VALUES (?, ?) ON CONFLICT DO NOTHING", new)
            found |= self._read([person for person, _ in new])  # another process may have been faster
        self._kept.update(found)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

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
            raise StoreError(
                f"The keys of persons can't be read or written: {error} ({self.path}).",
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


def open_persons(books: Path, *, durable: bool = False) -> Persons:
    """Open the keys of a project's persons; nothing is made before the first is needed."""
    return Persons(books / FILE, durable=durable)
