"""Every byte is looked at again: of every file below the books, and of what Parquet files hold inside.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainstay.errors import StoreError
from mainstay.events.erasing.lines import mapped
from mainstay.events.erasing.pending import FILE as PENDING
from mainstay.events.erasing.rows import count_rows
from mainstay.events.log import STREAMS
from mainstay.events.table.place import address_of
from mainstay.project.stores import is_object_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.events.erasing.traces import Traces
    from mainstay.events.log import EventLog

_BUNDLES = "store"


@dataclass(frozen=True)
class Proof:
    """What was looked at, and where something is left."""

    files: int
    bytes: int
    left: tuple[str, ...]


def prove(log: EventLog, books: Path, traces: Traces) -> Proof:
    """Look for traces in every file of the log, its tables and the rest of the books but the bundles."""
    files = size = 0
    left: list[str] = []
    for path in _files(log, books):
        files += 1
        with mapped(path) as data:
            size += len(data)
            here = next(traces.found(data), None) is not None
        if here or (path.suffix == ".parquet" and _inside(path, traces)):
            left.append(_named(path, books))
    left += [address_of(log, stream) for stream in STREAMS if _is_far(log) and count_rows(log, stream, traces)]
    return Proof(files, size, tuple(left))


def _is_far(log: EventLog) -> bool:
    return is_object_store(log.settings.table)


def _files(log: EventLog, books: Path) -> Iterator[Path]:
    yield from (path for path in _below(books) if path.relative_to(books).parts[0] != _BUNDLES)
    table = log.settings.table
    if table and not _is_far(log) and not Path(table).absolute().is_relative_to(books.absolute()):
        yield from _below(Path(table))


def _below(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (Path(root) / name for name in sorted(names) if name != PENDING)


def _inside(path: Path, traces: Traces) -> bool:
    """Look into a Parquet file: everything in it, however deep, as text."""
    try:
        found = pl.struct(pl.all()).struct.json_encode().str.contains_any(sorted(traces.words)).any()
        return bool(pl.scan_parquet(path).select(found).collect(engine="streaming").item())
    except FileNotFoundError:  # vacuumed meanwhile
        return False
    except pl.exceptions.PolarsError as error:
        raise StoreError(
            f"{path} can't be read, so that nobody can say whom it is about: {error}.",
            "Restore it, or remove it; then erase again.",
        ) from None


def _named(path: Path, books: Path) -> str:
    return str(path.relative_to(books)) if path.is_relative_to(books) else str(path)
