"""`Cells`: whole numbers in memory that all processes of a server share, each writing in a place of its own.

A worker that takes the place of one that died goes on with the numbers it finds there. So nothing that was counted is
lost, however a worker ended; no counter ever falls; and a thousand restarts take no more room than none.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = "MAINSTAY_METRICS"
UNSET = -(1 << 63)
"""What a cell holds that says nothing now: a gauge nobody has set since its worker began."""

# One place: a head, the names of its series, line by line, and the cells. What nobody writes to takes no memory.
_PLACE = 1 << 20
_NAMES = 3 << 17
_WASTE = 64  # cells for what there is no room for
_PID, _NAMED, _USED, _HEAD = 0, 1, 2, 8 + _WASTE
_CELLS = _PLACE // 8 - _HEAD - _NAMES // 8
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file without a name, which no other user can open


class Full(Exception):  # noqa: N818 - a signal: it is counted among the others
    """There is no room for a further series."""


class Series(msgspec.Struct, frozen=True, array_like=True):
    """Where the numbers of one label set are.

    Parameters
    ----------
    name : str
        Of the metric.
    labels : tuple of str
        Values of its labels.
    at : int
        Its first cell.
    n : int
        How many cells.
    passing : bool
        Whether the numbers go with the process that wrote them.

    """

    name: str
    labels: tuple[str, ...]
    at: int
    n: int
    passing: bool


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Series).decode


class Cells:
    """Numbers of all processes, and the place this one writes to.

    A cell is an aligned 64-bit integer, which every processor reads and writes whole. `numbers[at] += 1` costs 0.05 us
    and is safe where one thread alone writes to that cell.

    Parameters
    ----------
    file : int
        Number of the open file that all processes share; without it the numbers are this process's own.
    place : int
        This process's.
    places : int
        How many there are.

    Examples
    --------
    >>> cells = Cells()
    >>> at = cells.reserve("swaps", ("churn",), 1)
    >>> cells.numbers[at] += 1
    >>> [(series.name, list(numbers)) for _, series, numbers in cells.read()]
    [('swaps', [1])]

    """

    def __init__(self, file: int = -1, place: int = 0, places: int = 1) -> None:
        self.file = file
        self._memory = mmap.mmap(file, places * _PLACE)
        self.numbers = memoryview(self._memory).cast("q")
        self.place = place
        self.places = places
        self._base = place * _PLACE // 8
        self._lock = Lock()
        self._known: list[list[Series]] = [[] for _ in range(places)]
        self._read = [0] * places
        self._mine = {(series.name, series.labels): series for series in self._series(place)}
        self._take_over()

    @classmethod
    def shared(cls, places: int) -> Cells:
        """Make the numbers of a server of several processes; this one takes the last place."""
        folder = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(places * _PLACE)
            return cls(os.dup(file.fileno()), places - 1, places)

    @classmethod
    def of_environment(cls) -> Cells:
        """Take the place the supervisor gave this process; without one, count alone."""
        given = os.environ.get(SHARED)
        if not given:
            return cls()
        file, place, places = (int(word) for word in given.split(":"))
        return cls(file, place, places)

    def word_for(self, place: int) -> str:
        """Say to a process which place is its own: the value of `SHARED` in its environment."""
        return f"{self.file}:{place}:{self.places}"

    @property
    def waste(self) -> int:
        """The first of some cells nobody reads."""
        return self._base + 8

    def reserve(self, name: str, labels: tuple[str, ...], n: int, *, passing: bool = False) -> int:
        """Give the first cell of a series in this process's place; it may hold what one before it counted.

        Raises
        ------
        Full
            Where there is no room.

        """
        with self._lock:
            series = self._mine.get((name, labels))
            if series is None or series.n != n:
                series = self._mine[name, labels] = self._append(name, labels, n, passing=passing)
            return series.at

    def vacate(self, place: int) -> None:
        """Note that nobody is at a place any more."""
        self.numbers[place * _PLACE // 8 + _PID] = 0

    def pids(self) -> dict[int, int]:
        """Give who is at which place."""
        found = {place: self.numbers[place * _PLACE // 8 + _PID] for place in range(self.places)}
        return {place: pid for place, pid in found.items() if pid}

    def read(self) -> Iterator[tuple[int, Series, memoryview]]:
        """Give every series of every place, with its numbers."""
        for place in range(self.places):
            for series in self._series(place):
                yield place, series, self.numbers[series.at : series.at + series.n]

    def close(self) -> None:
        """Let go of the shared file; what is mapped stays."""
        if self.file >= 0:
            os.close(self.file)

    def _take_over(self) -> None:
        for series in self._mine.values():
            if series.passing:
                for at in range(series.at, series.at + series.n):
                    self.numbers[at] = UNSET
        self.numbers[self._base + _PID] = os.getpid()

    def _append(self, name: str, labels: tuple[str, ...], n: int, *, passing: bool) -> Series:
        named, used = self.numbers[self._base + _NAMED], self.numbers[self._base + _USED]
        series = Series(name, labels, self._base + _HEAD + _NAMES // 8 + used, n, passing)
        line = _encode(series) + b"\n"
        if named + len(line) > _NAMES or used + n > _CELLS:
            raise Full
        if passing:
            for at in range(series.at, series.at + n):
                self.numbers[at] = UNSET
        start = (self._base + _HEAD) * 8 + named
        self._memory[start : start + len(line)] = line
        # In this order: whoever is killed in between leaves a gap, and nothing that is half there.
        self.numbers[self._base + _USED] = used + n
        self.numbers[self._base + _NAMED] = named + len(line)
        return series

    def _series(self, place: int) -> list[Series]:
        """Read the names that were added since the last time."""
        base = place * _PLACE // 8
        named = self.numbers[base + _NAMED]
        if named > self._read[place]:
            start = (base + _HEAD) * 8
            lines = self._memory[start + self._read[place] : start + named]
            self._known[place] += [_decode(line) for line in lines.splitlines()]
            self._read[place] = named
        return self._known[place]
