"""`Receipt`: what an erasure did, without saying about whom."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.state.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "erasures"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed in one place.

    Parameters
    ----------
    where : str
        A file, relative to the books, or a table.
    events : int
        Lines or rows that were removed, or in which an id was overwritten.
    sha256 : str
        Of the file as it is since; empty for a table, and for a file that is still written.

    """

    where: str
    events: int
    sha256: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did; holds neither the person nor an id of an answer.

    Parameters
    ----------
    id : str
        Its own id (UUIDv7); the record of the access names it.
    at : datetime
        When it was done, UTC.
    model : str
        Name of the model.
    by, reason : str
        Who, and why where it was said.
    keys : int
        Keys that were destroyed.
    answers : int
        Answers about the person that the log held, shadows included.
    places : tuple of Place
        What was removed where.
    files, bytes : int
        What was looked at again afterwards, byte by byte, the contents of Parquet files included.
    left : tuple of str
        Where something of the person is still; empty: nowhere in reach.
    unreachable : tuple of str
        What can't be reached from here, in sentences.
    dry_run : bool
        Whether it only says what would be done.

    """

    id: str
    at: dt.datetime
    model: str
    by: str
    reason: str = ""
    keys: int = 0
    answers: int = 0
    places: tuple[Place, ...] = ()
    files: int = 0
    bytes: int = 0
    left: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def events(self) -> int:
        """How many lines and rows were removed."""
        return sum(place.events for place in self.places)


def write_receipt(books: Path, receipt: Receipt) -> Path:
    """Keep a receipt below the books; gives where."""
    path = books / FOLDER / f"{receipt.at:%Y%m%dT%H%M%SZ}-{receipt.id[-12:]}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    replace_file(path, msgspec.json.format(msgspec.json.encode(receipt), indent=2))
    return path
