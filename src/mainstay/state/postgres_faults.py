"""What PostgreSQL says when it can't go on, as sentences with a cure; never a password."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy.exc

from mainstay.errors import CorruptError, LockedError, StoreError
from mainstay.state.dumped import newest_dump

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.state.address import Address

_LOCKED = {"55P03", "40001", "40P01"}  # a lock that wasn't to be had, a transaction that was too late, a knot
_DAMAGED = {"XX001", "XX002"}
_TORN = {"42P01", "42703", "3F000"}  # a table, a column or the schema isn't there
_RIGHTS = {"42501", "28000", "28P01"}
_AWAY = {"57P01", "57P02", "57P03", "25P03", "57P05"}
_READ_ONLY = {"25006"}
_FULL = {"53100": "its disk is full", "53200": "its memory ran out", "53300": "it has too many connections already"}
_SLOW = {"57014"}
_ERRNO = re.compile(r"\[Errno -?\d+\] ")


class Faults:
    """The sentences about one database.

    Parameters
    ----------
    address : Address
        Which.
    backups : Path
        The folder of its backups.

    """

    def __init__(self, address: Address, backups: Path) -> None:
        self._address = address
        self._backups = backups

    @contextmanager
    def told(self, *, unsure: bool = False) -> Iterator[None]:
        """Turn the driver's errors into ours; a mistake in a statement of ours stays what it is.

        Parameters
        ----------
        unsure : bool
            Whether it was just being told to commit: nobody knows then whether it did.

        """
        try:
            yield
        except sqlalchemy.exc.TimeoutError:
            raise LockedError(
                f"Every connection of this process to the registry {self._address.name} is in use.", "Try again."
            ) from None
        except sqlalchemy.exc.DBAPIError as error:
            raise self._sentence(error, unsure=unsure) or error from None

    def damaged(self, what: str) -> CorruptError:
        """Say that the database isn't what was once written."""
        return CorruptError(f"The registry {self._address.name} is damaged: {what}.", self.restore_hint())

    def restore_hint(self) -> str:
        """Say how to get it back."""
        newest = newest_dump(self._backups)
        if newest is not None:
            return (
                "Restore the database from its server's own backup, or the newest of mainstay into an empty schema: "
                f"mainstay admin restore {newest}"
            )
        return "Restore the database from its server's own backup, or one of yours: mainstay admin restore FILE.zip"

    def _sentence(self, error: sqlalchemy.exc.DBAPIError, *, unsure: bool) -> StoreError | None:
        state = getattr(error.orig, "sqlstate", None) or ""
        if unsure and (error.connection_invalidated or state in _AWAY):
            return StoreError(
                f"The registry {self._address.name} went away while it wrote: nobody can say whether it did.",
                "Look once it answers again: mainstay history, mainstay version list",
            )
        if state in _DAMAGED:
            return self.damaged(self._said(error))
        if state in _TORN:
            return self.damaged(f"something was taken out of it ({self._said(error)})")
        if state in _AWAY or error.connection_invalidated or (not state and _operational(error)):
            return self._away(error)
        return self._refused(state, error)

    def _refused(self, state: str, error: sqlalchemy.exc.DBAPIError) -> StoreError | None:
        name = self._address.name
        if state in _LOCKED:
            return LockedError(f"Another process holds the registry {name}.", "Wait for it to end, and try again.")
        if state in _RIGHTS:
            return StoreError(
                f"The registry {name} refuses this user: {self._said(error)}.",
                "Let its owner grant the rights to read and write there, and at first to make tables.",
            )
        if state in _READ_ONLY:
            return StoreError(f"The registry {name} is read-only.", "Name the server that takes writes, not its copy.")
        if state in _FULL:
            return StoreError(f"The registry {name} can't be used: {_FULL[state]}.", "Mend that, and try again.")
        if state in _SLOW:
            return StoreError(f"The registry {name} didn't answer in time.", "Look at what keeps it busy, try again.")
        return None

    def _away(self, error: sqlalchemy.exc.DBAPIError) -> StoreError:
        return StoreError(
            f"The registry {self._address.name} can't be reached: {self._said(error)}.",
            "Start the database, or mend the address or the password in MAINSTAY_STATE.",
        )

    def _said(self, error: sqlalchemy.exc.DBAPIError) -> str:
        lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()] or ["it says nothing"]
        return _ERRNO.sub("", self._address.hide(lines[0]))[:300].rstrip(".")


def _operational(error: sqlalchemy.exc.DBAPIError) -> bool:
    return isinstance(error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError)
