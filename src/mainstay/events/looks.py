"""What looks at windows found, without reading all of it each time: the last look, and whatever failed.

A small file beside the log remembers both, and how far the log was read. It is a cache: deleting it loses nothing.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError
from mainstay.events.journal import found_since
from mainstay.events.records import Found, decode_event
from mainstay.events.table.recall import noteworthy_rows
from mainstay.events.table.union import view
from mainstay.state.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mainstay.events.log import EventLog

_FOLDER = "profiles"
_FILE = "looks.json"
_FORM = 1
_REACHES = tuple(dt.timedelta(days=days) for days in (1, 4, 16, 64, 256))
_MOST = 20_000  # findings that failed; older ones are of no page's interest


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """What looks at windows found.

    Parameters
    ----------
    last : tuple of Found
        Of the window that ended last, of each model.
    newest : tuple of Found
        Of the look that was made last, of each model; mostly the same.
    failed : tuple of Found
        What failed, oldest first.
    read : dict of str to tuple of int
        Inode and bytes read of each file.
    form : int
        Form of the file.

    """

    last: tuple[Found, ...] = ()
    newest: tuple[Found, ...] = ()
    failed: tuple[Found, ...] = ()
    read: dict[str, tuple[int, int]] = {}
    form: int = _FORM

    def last_of(self, model: str) -> tuple[Found, ...]:
        """Give what the last window of a model showed."""
        return tuple(found for found in self.last if found.model == model)

    def noteworthy(self, model: str, since: dt.datetime) -> tuple[Found, ...]:
        """Give what failed since a moment, and all that the newest look found; oldest first."""
        named = {found.event: found for found in (*self.failed, *self.newest)}
        ours = (found for found in named.values() if found.model == model and found.at >= since)
        return tuple(sorted(ours, key=lambda found: found.at))


def looks(log: EventLog) -> Looks:
    """Read what is new of the findings, and remember it."""
    path, seen = log.root / _FOLDER / _FILE, view(log, "findings")
    known = _remembered(path)
    if any(_written_anew(each, known.read.get(each.name, (0, 0))) for each in seen.paths):
        known = Looks()
    read, found = dict(known.read), []
    for each in seen.paths:
        with suppress(FileNotFoundError):  # shipped meanwhile: it is in the table at the next look
            new, read[each.name] = _new_in(each, read.get(each.name, (0, 0)))
            found += new
    for address in seen.table.file_uris() if seen.table is not None else ():
        if address not in read:
            found += noteworthy_rows(seen, address)
            read[address] = (0, 0)
    if read == known.read:
        return known
    now = _with(known, found, read)
    _remember(path, now)
    return now


def last_before(log: EventLog, model: str, moment: dt.datetime) -> tuple[Found, ...]:
    """Give what the window showed that ended last, of the looks at a model that were taken before a moment.

    The log is read backwards, as far as it takes: a window is over when it is looked at, so that one that ended within
    a span ended after every window that was looked at before the span.
    """
    last = tuple(found for found in looks(log).last_of(model) if found.at < moment)
    if last:
        return last
    for since in (*(moment - reach for reach in _REACHES), None):
        found = [each for each in found_since(log, since, model, until=moment) if each.until is not None]
        newest = max((each.until for each in found if each.until), default=None)
        if since is None or (newest is not None and newest >= since):
            return tuple(each for each in found if each.until == newest)
    return ()


def _with(known: Looks, found: Iterable[Found], read: dict[str, tuple[int, int]]) -> Looks:
    at_windows = [each for each in found if each.until is not None]
    failed = {each.event: each for each in (*known.failed, *(each for each in at_windows if each.finding.failed))}
    return Looks(
        last=tuple(_latest((*known.last, *at_windows), "until")),
        newest=tuple(_latest((*known.newest, *at_windows), "at")),
        failed=tuple(sorted(failed.values(), key=lambda each: each.at)[-_MOST:]),
        read=read,
    )


def _latest(found: Iterable[Found], by: str) -> Iterator[Found]:
    """Keep of each model what has the greatest time; a clock set back must repeat nothing."""
    named = {each.event: each for each in found}
    greatest: dict[str, dt.datetime] = {}
    for each in named.values():
        greatest[each.model] = max(greatest.get(each.model, getattr(each, by)), getattr(each, by))
    return (each for each in named.values() if getattr(each, by) == greatest[each.model])


def _new_in(path: Path, known: tuple[int, int]) -> tuple[list[Found], tuple[int, int]]:
    stat, (_, start) = path.stat(), known
    if stat.st_size == start:
        return [], known
    with path.open("rb") as file:
        file.seek(start)
        data = file.read()
    end = data.rfind(b"\n") + 1
    return list(_decoded(data[:end])), (stat.st_ino, start + end)


def _decoded(data: bytes) -> Iterator[Found]:
    for line in data.split(b"\n"):
        try:
            event = decode_event(line) if line else None
        except CorruptError:
            continue  # torn or damaged: the doctor counts these
        if isinstance(event, Found):
            yield event


def _written_anew(path: Path, known: tuple[int, int]) -> bool:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return False
    return known[1] > 0 and (stat.st_ino != known[0] or stat.st_size < known[1])


def _remembered(path: Path) -> Looks:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Looks)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return Looks()
    return found if found.form == _FORM else Looks()


def _remember(path: Path, now: Looks) -> None:
    with suppress(OSError):  # who can't remember reads it again the next time
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        replace_file(path, msgspec.json.encode(now), 0o640, lasting=False)
