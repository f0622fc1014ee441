"""Every byte is looked at again: of files below the books, of objects in a bucket, and of what Parquet files hold.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainstay.errors import StoreError
from mainstay.events.erasing.lines import mapped
from mainstay.events.erasing.objects import objects_below
from mainstay.events.erasing.pending import FILE as PENDING
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
    """Look for traces in every file of the log, its tables and the rest of the books but the bundles.

    Raises
    ------
    StoreError
        Where something can't be looked at, so that nobody can say.
    SetupError
        Where tables are in a bucket, and the extra isn't installed.

    """
    files = size = 0
    left: list[str] = []
    for path in _files(log, books):
        files += 1
        with mapped(path) as data:
            size += len(data)
            here = next(traces.found(data), None) is not None
        if here or (path.suffix == ".parquet" and _inside(path, traces, str(path))):
            left.append(_named(path, books))
    if _is_far(log):
        for name, content in objects_below(log.settings.table):
            files, size = files + 1, size + len(content)
            here = next(traces.found(content), None) is not None
            if here or (name.endswith(".parquet") and _inside(content, traces, name)):
                left.append(f"{log.settings.table.rstrip('/')}/{name}")
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


def _inside(source: Path | bytes, traces: Traces, called: str) -> bool:
    """Look into a Parquet file: everything in it, however deep, as text."""
    try:
        found = pl.struct(pl.all()).struct.json_encode().str.contains_any(sorted(traces.words)).any()
        rows = pl.scan_parquet(io.BytesIO(source) if isinstance(source, bytes) else source)
        return bool(rows.select(found).collect(engine="streaming").item())
    except FileNotFoundError:  # vacuumed meanwhile
        return False
    except pl.exceptions.PolarsError as error:
        raise StoreError(
            f"{called} can't be read, so that nobody can say whom it is about: {error}.",
            "Restore it, or remove it; then erase again.",
        ) from None


def _named(path: Path, books: Path) -> str:
    return str(path.relative_to(books)) if path.is_relative_to(books) else str(path)
