"""Which segments the table of a stream holds: said by the table's own transactions, remembered in a file beside them.

Asking the table costs half a millisecond for each segment. What it said once of a segment stays true of the table,
so it is written down, with the table's identity and version; the file may be deleted at any time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deltalake import DeltaTable

    from mainstay.events.log import EventLog, Stream

FILE = "shipped"
_MODE = 0o640


def committed(log: EventLog, stream: Stream, table: DeltaTable | None, names: Iterable[str]) -> frozenset[str]:
    """Give the names of those segments that a table, as it is loaded, holds."""
    if table is None:
        return frozenset()
    identity, version = str(table.metadata().id), table.version()
    known = _remembered(log.root / stream / FILE, identity, version)
    asked = set(names)
    found = {name for name in asked - known if table.transaction_version(name) is not None}
    remember(log, stream, table, found)
    return frozenset(asked & known | found)


def remember(log: EventLog, stream: Stream, table: DeltaTable, names: Iterable[str]) -> None:
    """Write down that a table holds segments; where that can't be written, it is asked again."""
    lines = "".join(f"{table.version()} {table.metadata().id} {name}\n" for name in sorted(names))
    if not lines:
        return
    with suppress(OSError):
        handle = os.open(log.root / stream / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            os.write(handle, lines.encode())
        finally:
            os.close(handle)


def forget(log: EventLog, stream: Stream, paths: Iterable[Path]) -> None:
    """Leave out of the file what is no longer there; keeps it as short as the folder."""
    file, there = log.root / stream / FILE, {path.name for path in paths}
    with suppress(OSError):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.rstrip("\n").rpartition(" ")[2] in there]
        if len(kept) < len(lines):
            fresh = file.with_name(f"{FILE}.{os.getpid()}")
            fresh.write_text("".join(kept), encoding="utf-8")
            fresh.replace(file)


def _remembered(file: Path, identity: str, version: int) -> set[str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        at, _, rest = line.partition(" ")
        of, _, name = rest.partition(" ")
        if of == identity and at.isdecimal() and int(at) <= version:
            found.add(name)
    return found
