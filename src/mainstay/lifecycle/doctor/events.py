"""The event log: damaged lines, which readers leave out; an erasure that isn't done; a key that isn't shared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import StoreError, store_error
from mainstay.events.erasing.pending import FILE as PENDING
from mainstay.events.erasing.pending import read_pending
from mainstay.events.lines import damages_of
from mainstay.events.log import STREAMS
from mainstay.events.pseudonym import FILE as KEY
from mainstay.events.pseudonym import lonely_key
from mainstay.events.segments import is_sealed, read_seal
from mainstay.events.table.place import address_of, open_table, sizes_of
from mainstay.lifecycle.doctor.complaint import broken
from mainstay.project.stores import is_object_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.events.log import EventLog, Stream
    from mainstay.lifecycle.doctor.complaint import Found
    from mainstay.release import Books

_CHECK = "events"
_MOST = 20


def check_events(books: Books) -> Iterator[Found]:
    """Check every file of the log: none of it can be mended, and all else of it is whole."""
    message, cure = lonely_key()
    if message:
        yield broken(_CHECK, KEY, message, cure, note=True)
    yield from _interrupted(books.log.root)
    for stream in STREAMS:
        try:
            for path in books.log.segments(stream):
                yield from (*_torn(path, stream), *_damaged(path, stream))
            yield from _gone(books.log, stream)
        except (StoreError, OSError) as error:
            told = store_error(error) if isinstance(error, OSError) else error
            yield broken(_CHECK, stream, told.message, told.cure)


def _gone(log: EventLog, stream: Stream) -> Iterator[Found]:
    """Look for the files that a table in a folder names, by name and size."""
    table = open_table(log, stream)
    if table is None or is_object_store(address_of(log, stream)):
        return
    for name, size in sizes_of(table).items():
        path = Path(address_of(log, stream)) / name
        if not path.exists():
            yield broken(_CHECK, name, f"{path} is gone: its rows can't be read.", "Restore it from a backup.")
        elif path.stat().st_size != size:
            yield broken(_CHECK, name, f"{path} isn't what was written: its size differs.", "Restore it from a backup.")


def _interrupted(root: Path) -> Iterator[Found]:
    """Find an erasure that was begun: something of a person may still be anywhere."""
    try:
        pending = read_pending(root)
    except StoreError as error:
        yield broken(_CHECK, PENDING, error.message, error.cure)
        return
    if pending is not None:
        message = "The erasure of a person was begun and isn't done: something of them may still be here."
        yield broken(
            _CHECK, PENDING, message,
            "Unless it is going on right now, call mainstay events erase again, for the same person or for another.",
        )  # fmt: skip


def _torn(path: Path, stream: str) -> Iterator[Found]:
    if not is_sealed(path):
        return
    told, size = read_seal(path), path.stat().st_size
    if told is not None and size < told.bytes:
        lost = told.bytes - size
        yield broken(
            _CHECK, path.name, f"{path.name} ({stream}) lost its last {lost} bytes after it was sealed.",
            "Restore it from a backup, if its events aren't in the table.",
        )  # fmt: skip
    elif _ends_in_the_middle(path):
        message = f"The last line of {path.name} ({stream}) was cut off by a crash. Readers leave it out."
        yield broken(_CHECK, path.name, message, note=True)


def _damaged(path: Path, stream: str) -> Iterator[Found]:
    found = damages_of(path)
    for damage in found[:_MOST]:
        where = f"bytes {damage.offset} to {damage.offset + damage.length}"
        message = f"A record of {path.name} ({stream}) is damaged at {where}. Readers leave it out."
        yield broken(_CHECK, path.name, message, "Restore that file from a backup.", note=True)
    if len(found) > _MOST:
        yield broken(_CHECK, path.name, f"So are {len(found) - _MOST} more of {path.name}.", note=True)


def _ends_in_the_middle(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
