"""Which segments the table of a stream holds: said by the table's own transactions, remembered in a file beside them.

Asking the table costs half a millisecond for each segment. What it said once of a segment stays true of the table,
so it is written down, with the table's identity and version; the file may be deleted at any time.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.state.files import replace_file

if TYPE_CHECKING:
    import datetime as dt
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
    known = _remembered(log, stream, table)
    asked = set(names)
    found = {name for name in asked - known.keys() if table.transaction_version(name) is not None}
    remember(log, stream, table, found)
    return frozenset(asked & known.keys() | found)


def shipped_before(log: EventLog, stream: Stream, table: DeltaTable, moment: dt.datetime) -> list[str]:
    """List the segments that were in a table before a moment, as far as it was written down."""
    found = _remembered(log, stream, table)
    return sorted(name for name, at in found.items() if at < moment.timestamp())


def remember(log: EventLog, stream: Stream, table: DeltaTable, names: Iterable[str]) -> None:
    """Write down that a table holds segments since now; where that can't be written, it is asked again."""
    head = f"{table.version()} {table.metadata().id} {int(time.time())}"
    lines = "".join(f"{head} {name}\n" for name in sorted(names))
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
            replace_file(file, "".join(kept).encode(), _MODE, lasting=False)


def _remembered(log: EventLog, stream: Stream, table: DeltaTable) -> dict[str, int]:
    """Give what was written down of a table up to its version: since when it holds which segment."""
    try:
        lines = (log.root / stream / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    identity, version = str(table.metadata().id), table.version()
    found: dict[str, int] = {}
    for line in lines:
        at, of, since, name = (*line.split(" ", 3), "", "", "")[:4]
        if of == identity and at.isdecimal() and int(at) <= version and since.isdecimal():
            found.setdefault(name, int(since))
    return found
