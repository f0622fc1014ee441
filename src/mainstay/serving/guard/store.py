"""`KeyFile`: the keys of one project, in a file of its books or in one that was mounted."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError, NotFoundError, SetupError
from mainstay.serving.guard.keys import ApiKey, Scope, make_key
from mainstay.state import private_folder, replace_file
from mainstay.state.files import alone, unreadable, unwritable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from mainstay.project import Project

NAME = "api-keys.json"
VARIABLE = "MAINSTAY_API_KEYS"
_LOCK = ".api-keys.lock"
Stamp = tuple[int, int, int]
"""What tells one state of a file from another."""


class Kept(msgspec.Struct, frozen=True):
    """What the file says."""

    format: int
    keys: tuple[ApiKey, ...]


class KeyFile:
    """A file of keys: read by servers, changed by a person, replaced whole.

    Parameters
    ----------
    path : Path
        Where it lies, or will.

    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> Stamp | None:
        """Tell one state of the file from another; None where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> tuple[ApiKey, ...]:
        """Read every key, those that open nothing any more too; none where there is no file.

        Raises
        ------
        StoreError
            Where it is there and can't be read.
        CorruptError
            Where it isn't what was written.

        """
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise unreadable(self.path, error) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptError(
                f"{self.path} isn't a file of API keys: {error}.", "Restore it from a backup, or move it away."
            ) from None
        if kept.format != 1:
            raise CorruptError(f"{self.path} was written by a newer mainstay.", "Use that one here, too.")
        return kept.keys

    def add(
        self,
        name: str,
        scopes: tuple[Scope, ...],
        *,
        now: dt.datetime,
        rate: float | None = None,
        expires: dt.datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; gives what is kept of it, and the key itself.

        Raises
        ------
        InputError
            Where the name or the scopes can't be.
        StoreError
            Where the file can't be read or written.

        """
        with self._alone():
            keys = self.read()
            number = max((key.number for key in keys), default=-1) + 1
            kept, token = make_key(name, scopes, number=number, now=now, rate=rate, expires=expires)
            self._write((*keys, kept))
        return kept, token

    def revoke(self, key: str, *, now: dt.datetime) -> ApiKey:
        """Let a key open nothing any more; gives it. One that opens nothing already stays as it is.

        Raises
        ------
        NotFoundError
            Where no key has that id.
        StoreError
            Where the file can't be read or written.

        """
        with self._alone():
            keys = self.read()
            found = next((each for each in keys if each.id == key), None)
            if found is None:
                raise NotFoundError(f"No API key has the id '{key}'.", "See mainstay admin api-keys list.")
            if found.revoked is None:
                found = msgspec.structs.replace(found, revoked=now)
                self._write(tuple(found if each.id == key else each for each in keys))
        return found

    def _write(self, keys: tuple[ApiKey, ...]) -> None:
        content = msgspec.json.format(msgspec.json.encode(Kept(1, keys)), indent=2)
        replace_file(self.path, content + b"\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep two commands from writing over each other."""
        private_folder(self.path.parent)
        try:
            with alone(self.path.parent / _LOCK):
                yield
        except OSError as error:
            raise unwritable(self.path, error) from None


def key_file(project: Project) -> KeyFile:
    """Find the file of a project's keys: the one that is named in the environment, else that of its books.

    Examples
    --------
    A secret that is mounted into a container: ``MAINSTAY_API_KEYS=/run/secrets/api-keys.json``.

    """
    return KeyFile(mounted() or project.books / NAME)


def mounted() -> Path | None:
    """Give the file that is named in the environment."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None


def demand_mounted() -> None:
    """Refuse to go on where a file is named in the environment and isn't there.

    Raises
    ------
    SetupError
        Naming it: a server that was meant to have keys must not start without.

    """
    path = mounted()
    if path is not None and not path.is_file():
        raise SetupError(
            f"{VARIABLE} names {path}, and there is no such file.",
            f"Mount it there, or make it: {VARIABLE}={path} mainstay admin api-keys new NAME --scope predict",
        )


def any_keys(projects: Sequence[Project]) -> bool:
    """Say whether any of these projects has keys."""
    return any(key_file(project).stamp() is not None for project in projects)
