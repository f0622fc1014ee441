"""A dump as it lies on a disk: a header, and one file of JSON lines for each table."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import CorruptError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "dump.json"
_NAME = re.compile(r"[a-z_]{1,60}")
_UNTOUCHED = "Take another one; nothing was changed."


class TableDump(msgspec.Struct, frozen=True):
    """A table's file.

    Parameters
    ----------
    name : str
        Of the table; its file is ``<name>.jsonl``, a line for each row, an object of its columns.
    rows : int
        How many.
    sha256 : str
        Of the file.

    """

    name: str
    rows: int
    sha256: str


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a dump says of itself.

    Parameters
    ----------
    form : int
        1: of the files, not of what is in them.
    schema : int
        The last migration the tables have seen.
    mainstay : str
        Which version wrote it.
    at : datetime
        When, UTC.
    tables : tuple of TableDump
        In the order in which they can be filled.

    """

    form: Literal[1] = 1
    schema: int
    mainstay: str
    at: dt.datetime
    tables: tuple[TableDump, ...]


def read_header(folder: Path) -> Header:
    """Read a dump's header, and check every file it names.

    Raises
    ------
    StoreError
        Where it can't be read.
    CorruptError
        Where it isn't a dump, or a file isn't what was once written.

    """
    try:
        header = msgspec.json.decode((folder / HEADER).read_bytes(), type=Header)
        for table in header.tables:
            if not _NAME.fullmatch(table.name):
                raise CorruptError(f"The dump {folder} names a table that can't be one.", _UNTOUCHED)
            if sha256_of(table_file(folder, table.name)) != table.sha256:
                raise CorruptError(f"{table.name}.jsonl of the dump {folder} isn't what was once written.", _UNTOUCHED)
    except msgspec.MsgspecError:
        raise CorruptError(f"{folder / HEADER} isn't the header of a dump.", _UNTOUCHED) from None
    except OSError as error:
        raise StoreError(f"The dump {folder} can't be read: {error.strerror} ({error.filename}).", _UNTOUCHED) from None
    return header


def table_file(folder: Path, table: str) -> Path:
    """Name the file of a table."""
    return folder / f"{table}.jsonl"


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def newest_dump(backups: Path) -> Path | None:
    """Find the newest dump in a folder of backups; None where there is none."""
    return max(backups.glob("*.dump"), key=lambda folder: folder.stat().st_mtime, default=None)
