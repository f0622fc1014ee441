"""`SharedPersons`: the keys in the database that several machines share."""

from __future__ import annotations

import os
import secrets
import threading
import time
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from mainstay.errors import StoreError
from mainstay.events.persons.embedded import FILE, EmbeddedPersons
from mainstay.events.persons.persons import KEY_BYTES, Persons
from mainstay.state import open_late
from mainstay.state.files import PRIVATE_FILE
from mainstay.state.state import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from mainstay.state import State

T = TypeVar("T")
_AWAY = 5.0  # seconds before a database that can't be reached is asked again: answers wait for the question
_AT_ONCE = 500  # names in one statement
_PEOPLE: sa.BindParameter[list[str]] = sa.bindparam("people", expanding=True)
_READ = sa.text("SELECT person, key FROM persons WHERE model = :model AND person IN :people").bindparams(_PEOPLE)
_EVERYBODY = sa.text("SELECT person FROM persons WHERE model = :model ORDER BY person")
_PUT = sa.text("INSERT INTO persons (model, person, key) VALUES (:model, :person, :key) ON CONFLICT DO NOTHING")
_DELETE = sa.text("DELETE FROM persons WHERE model = :model AND person IN :people").bindparams(_PEOPLE)
_TIMES = sa.text("SELECT times FROM destructions WHERE model = :model")
_COUNT = sa.text(
    "INSERT INTO destructions (model, times) VALUES (:model, 1)"
    " ON CONFLICT (model) DO UPDATE SET times = destructions.times + 1"
)


class SharedPersons(Persons):
    """The keys of one model's persons in the books' database: what one machine seals another opens.

    While the database can't be reached, or hangs, those go on being sealed whose keys are in memory. Should one of them
    be destroyed meanwhile, what is sealed with it opens nowhere.

    Parameters
    ----------
    state : State
        The database; closed with this.
    model : str
        Name of the model.
    before : EmbeddedPersons
        Keys that this machine had before it shared a database: they count where the database has none of a person.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mainstay.state import open_state
    >>> books = Path(tempfile.mkdtemp())
    >>> persons = SharedPersons(open_state(books), "churn", EmbeddedPersons(books / "persons.sqlite"))
    >>> key = persons.keys(["f0c9"])["f0c9"]
    >>> persons.keys(["f0c9"])["f0c9"] == key, len(key)
    (True, 32)
    >>> persons.destroy(["f0c9"]), persons.known(["f0c9"])
    (1, {})
    >>> persons.close()

    """

    shared = True

    def __init__(self, state: State, model: str, before: EmbeddedPersons) -> None:
        super().__init__()
        self._state = state
        self._before = before
        self._model = {"model": model}
        self._trouble: StoreError | None = None
        self._again = 0.0
        self._asking: threading.Thread | None = None

    def known(self, people: Iterable[str]) -> dict[str, bytes]:
        """Give the keys that there are, as `Persons.known` says."""
        wanted = sorted(set(people))
        with self._state.read() as connection:
            found = self._read(connection, wanted)
        return self._before.known(name for name in wanted if name not in found) | found

    def everybody(self) -> list[str]:
        """List whose keys there are."""
        with self._state.read() as connection:
            found = connection.execute(_EVERYBODY, self._model).scalars().all()
        return sorted({*found, *self._before.everybody()})

    def put(self, keys: Mapping[str, bytes]) -> None:
        """Take keys in from elsewhere, as `Persons.put` says."""
        if keys:
            with self._state.begin() as connection:
                self._put(connection, keys)

    def destroy(self, people: Collection[str]) -> int:
        """Destroy keys for every machine, and those of before here, as `Persons.destroy` says.

        The table is written anew each time, also for who is gone already: an earlier call may have got no further.
        """
        gone = len(self.known(people))
        with self._lock:
            self._before.destroy(
                people
            )  # first: what is there and not in the database would be taken for a key to keep
            with self._state.begin() as connection:
                for some in _portions(sorted(set(people))):
                    connection.execute(_DELETE, {**self._model, "people": some})
                if gone:
                    connection.execute(_COUNT, self._model)
            self._kept.clear()
        self._state.wipe("persons")
        return gone

    def back_up(self, target: Path) -> None:
        """Copy the keys, as `Persons.back_up` says."""
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        with closing(EmbeddedPersons(target)) as copy:
            copy.put(self.known(self.everybody()))

    def close(self) -> None:
        """Let go of the database."""
        self._before.close()
        self._state.close()

    def _destructions(self) -> int:
        try:
            return self._asked(self._count)
        except StoreError:
            return self._times

    def _make(self, lacking: list[str]) -> dict[str, bytes]:
        return self._asked(partial(self._get_or_make, lacking))

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask the database in a thread beside: an answer to a caller never waits for longer than it may."""
        if self._trouble is not None and (time.monotonic() < self._again or self._hangs()):
            raise StoreError(self._trouble.message, self._trouble.cure)
        try:
            found = self._within(ask)
        except StoreError as error:
            self._trouble, self._again = error, time.monotonic() + _AWAY
            raise
        self._trouble = None
        return found

    def _within(self, ask: Callable[[], T]) -> T:
        future: Future[T] = Future()
        self._asking = threading.Thread(target=_settle, args=(future, ask), name="mainstay-persons", daemon=True)
        self._asking.start()
        try:
            return future.result(PATIENCE)
        except TimeoutError:
            raise StoreError(
                f"The keys of persons can't be read: {self._state.name} doesn't answer.",
                "Look at the database in MAINSTAY_STATE; nothing else has to be started anew.",
            ) from None

    def _hangs(self) -> bool:
        return self._asking is not None and self._asking.is_alive()

    def _count(self) -> int:
        with self._state.read() as connection:
            return int(connection.execute(_TIMES, self._model).scalar() or 0)

    def _get_or_make(self, lacking: list[str]) -> dict[str, bytes]:
        with self._state.read() as connection:
            found = self._read(connection, lacking)
        missing = [person for person in lacking if person not in found]
        new = {person: secrets.token_bytes(KEY_BYTES) for person in missing} | self._before.known(missing)
        if new:
            with self._state.begin() as connection:
                self._put(connection, new)
                found |= self._read(connection, sorted(new))  # another machine may have been faster
        return found

    def _put(self, connection: sa.Connection, keys: Mapping[str, bytes]) -> None:
        rows = [{**self._model, "person": person, "key": key.hex()} for person, key in sorted(keys.items())]
        connection.execute(_PUT, rows)

    def _read(self, connection: sa.Connection, people: list[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for some in _portions(people):
            rows = connection.execute(_READ, {**self._model, "people": some})
            found |= {person: bytes.fromhex(key) for person, key in rows}
        return found


def open_shared(place: str, books: Path, model: str) -> SharedPersons:
    """Open the keys in a database, which is reached when the first is needed; `books` has the folder of its backups."""
    return SharedPersons(open_late(place, books=books), model, EmbeddedPersons(books / FILE))


def _settle(future: Future[T], ask: Callable[[], T]) -> None:
    try:
        future.set_result(ask())
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        future.set_exception(error)


def _portions(people: list[str]) -> list[list[str]]:
    return [people[start : start + _AT_ONCE] for start in range(0, len(people), _AT_ONCE)]
