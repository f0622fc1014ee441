"""`Cursor`: what somebody outside has taken from the log, noted on the disk, so that he goes on there after any end.

Each line is given at least once: what was given and isn't noted is given again. Needs no Polars.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, BinaryIO, Self

import msgspec

from mainstay.errors import LockedError, StoreError
from mainstay.events.log import STREAMS
from mainstay.state.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from mainstay.events.log import EventLog

_FOLDER = "cursors"
_BLOCK = 1 << 20  # bytes of a file that are read at a time
_LAST = 32  # bytes before a place by which it is known again: a line's checksum is among them


class Place(msgspec.Struct, frozen=True):
    """How far a file was taken.

    Parameters
    ----------
    offset : int
        Where the next line begins, in bytes.
    last : str
        The bytes before it: of a file that was cut, or replaced, they are others.

    """

    offset: int
    last: str


class Batch(msgspec.Struct, frozen=True):
    """Lines that follow each other in one file.

    Parameters
    ----------
    file : str
        The file's name, below the log's folder.
    lines : tuple of bytes
        The lines, without their line breaks.
    place : Place
        How far the file is taken, once these are.

    """

    file: str
    lines: tuple[bytes, ...]
    place: Place


class Cursor:
    """A reader's place in the log. Use it in a ``with``: there is one reader of a name at a time.

    Parameters
    ----------
    log : EventLog
        The log.
    name : str
        Whose place it is; part of a file's name.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> from pathlib import Path
    >>> from mainstay.events import Access, EventLog
    >>> log = EventLog(Path(tempfile.mkdtemp()))
    >>> at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    >>> log.append("audit", [Access(id="1", at=at, model="churn", kind="show", by="me")])
    >>> with Cursor(log, "example") as cursor:
    ...     for batch in cursor.batches(500):
    ...         print(len(batch.lines))
    ...         cursor.note(batch)
    1
    >>> with Cursor(log, "example") as cursor:
    ...     list(cursor.batches(500))
    []
    >>> log.close()

    """

    def __init__(self, log: EventLog, name: str) -> None:
        self._log = log
        self._path = log.root / _FOLDER / f"{name}.json"
        self._places: dict[str, Place] = {}
        self._lock: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Take the place.

        Raises
        ------
        LockedError
            Where somebody else has it.
        StoreError
            Where it can't be noted.

        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._lock = self._path.with_suffix(".lock").open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._let_go()
            raise LockedError(f"The log is sent to {self._path.stem} already.", "One sender is enough.") from None
        except OSError as error:
            self._let_go()
            raise _cannot(self._path, error) from None
        self._places = self._noted()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the place to the next."""
        self._let_go()

    def batches(self, most: int) -> Iterator[Batch]:
        """Give what isn't noted yet, at most so many lines at a time, each file's in order; ends where nothing is left.

        A line is given once its line break is there.
        """
        for file, path in self._files().items():
            while (batch := self._next(file, path, most)) is not None:
                yield batch
                if self._places.get(file) != batch.place:
                    break  # it wasn't noted, so the same would come again

    def note(self, batch: Batch) -> None:
        """Note that lines were taken.

        Raises
        ------
        StoreError
            Where that can't be written.

        """
        there = self._files()
        self._places = {file: place for file, place in self._places.items() if file in there} | {
            batch.file: batch.place
        }
        try:
            replace_file(self._path, msgspec.json.encode(self._places), 0o640, lasting=False)
        except OSError as error:
            raise _cannot(self._path, error) from None

    def _noted(self) -> dict[str, Place]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Place])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}  # torn by a power cut: from the beginning

    def _files(self) -> dict[str, Path]:
        found = [path for stream in STREAMS for path in self._log.segments(stream)]
        return {f"{path.parent.name}/{path.name}": path for path in sorted(found, key=lambda path: path.name)}

    def _next(self, file: str, path: Path, most: int) -> Batch | None:
        try:
            with path.open("rb") as opened:
                start = self._start(opened, self._places.get(file))
                data = _whole_lines(opened, start)
        except FileNotFoundError:
            return None
        lines = data.split(b"\n")[:-1][:most]
        if not lines:
            return None
        length = sum(map(len, lines)) + len(lines)
        return Batch(file, tuple(lines), Place(start + length, data[max(0, length - _LAST) : length].decode("latin1")))

    @staticmethod
    def _start(opened: BinaryIO, place: Place | None) -> int:
        """Give where to go on: at the beginning, where the file isn't the one that was taken."""
        if place is None:
            return 0
        opened.seek(max(0, place.offset - len(place.last)))
        return place.offset if opened.read(len(place.last)).decode("latin1") == place.last else 0

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _whole_lines(opened: BinaryIO, start: int) -> bytes:
    opened.seek(start)
    data = b""
    while block := opened.read(_BLOCK):
        data += block
        if b"\n" in block:
            break
    return data[: data.rfind(b"\n") + 1]


def _cannot(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} can't be written: {os.strerror(error.errno or 0)}.", "Mend the folder's permissions.")
