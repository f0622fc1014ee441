"""`Counter`, `Gauge` and `Histogram`: what Prometheus calls so, kept in `Cells`."""

from __future__ import annotations

from bisect import bisect_left
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from mainstay.serving.measuring.cells import UNSET, Full

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.measuring.cells import Cells
    from mainstay.serving.measuring.told import Kind

MOST = 1000
"""Label sets of one metric; further ones are counted together, as ``other``."""
OTHER = "other"
_WRITING = Lock()


class Count:
    """A number that only grows; any thread may count."""

    __slots__ = ("_at", "_numbers")

    def __init__(self, numbers: memoryview, at: int) -> None:
        self._numbers = numbers
        self._at = at

    def inc(self, n: int = 1) -> None:
        """Add to it."""
        with _WRITING:
            self._numbers[self._at] += n


class Level:
    """A number as it is now in this process; gone when the process is."""

    __slots__ = ("_at", "_numbers")

    def __init__(self, numbers: memoryview, at: int) -> None:
        self._numbers = numbers
        self._at = at

    def set(self, value: int) -> None:
        """Say what it is now."""
        self._numbers[self._at] = value

    def clear(self) -> None:
        """Say nothing any more."""
        self._numbers[self._at] = UNSET


class Spread:
    """How often a number was how large: a cell per bucket, and one for the sum; any thread may count."""

    __slots__ = ("_at", "_bounds", "_numbers", "_sum")

    def __init__(self, numbers: memoryview, at: int, bounds: tuple[int, ...]) -> None:
        self._numbers = numbers
        self._at = at
        self._bounds = bounds
        self._sum = at + len(bounds) + 1

    def observe(self, value: int) -> None:
        """Count a number, in the metric's smallest unit: nanoseconds where it is in seconds."""
        with _WRITING:
            self._numbers[self._at + bisect_left(self._bounds, value)] += 1
            self._numbers[self._sum] += value


Child = TypeVar("Child", Count, Level, Spread)


class Family(Generic[Child]):
    """A metric: what it is called, what it means, and a child for each set of its labels.

    Parameters
    ----------
    cells : Cells
        Where its numbers are.
    name : str
        With its unit, without ``_total``.
    text : str
        What it means, in a sentence.
    labels : sequence of str
        Names of its labels.
    scale : int
        Units of a cell in one unit of the metric: 10 ** 9 for seconds.
    most : int
        Label sets it has at most; what comes later is counted as `OTHER`, by model where that is its first label.

    """

    kind: ClassVar[Kind]
    passing: ClassVar[bool] = False
    bounds: tuple[float, ...] = ()

    def __init__(
        self, cells: Cells, name: str, text: str, labels: Sequence[str] = (), *, scale: int = 1, most: int = MOST
    ) -> None:
        self.name = name
        self.text = text
        self.labelnames = tuple(labels)
        self.scale = scale
        self._cells = cells
        self._most = most
        self._children: dict[tuple[str, ...], Child] = {}

    @property
    def width(self) -> int:
        """Cells of a child."""
        return 1

    def labels(self, *values: object) -> Child:
        """Give the child of these labels' values, in the order of their names."""
        key = tuple(map(str, values))
        child = self._children.get(key)
        if child is None:
            if len(key) != len(self.labelnames):
                raise TypeError(f"{self.name} has the labels {', '.join(self.labelnames)}.")
            child = self._child_at(self.find(key))
            if len(self._children) < self._most:
                self._children[key] = child
        return child

    def find(self, key: tuple[str, ...]) -> int:
        """Give the first cell of a label set."""
        if len(self._children) >= self._most:
            key = tuple(
                value if place == 0 and name == "model" else OTHER
                for place, (name, value) in enumerate(zip(self.labelnames, key, strict=True))
            )
        try:
            return self._cells.reserve(self.name, key, self.width, passing=self.passing)
        except Full:
            return self._cells.waste

    def _child_at(self, at: int) -> Child:
        raise NotImplementedError


class Counter(Family[Count]):
    """Counts that are added up over all processes."""

    kind = "counter"

    def _child_at(self, at: int) -> Count:
        return Count(self._cells.numbers, at)


class Gauge(Family[Level]):
    """Numbers of each live process, told apart by the label ``worker``."""

    kind = "gauge"
    passing = True

    def _child_at(self, at: int) -> Level:
        return Level(self._cells.numbers, at)


class Histogram(Family[Spread]):
    """Counts by size that are added up over all processes.

    Parameters
    ----------
    bounds : sequence of float
        The largest number of each bucket, in the metric's unit.

    """

    kind = "histogram"

    def __init__(
        self,
        cells: Cells,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        bounds: Sequence[float],
        scale: int = 1,
        most: int = MOST,
    ) -> None:
        super().__init__(cells, name, text, labels, scale=scale, most=most)
        self.bounds = tuple(map(float, bounds))
        self.limits = tuple(round(bound * scale) for bound in bounds)

    @property
    def width(self) -> int:
        """A cell per bucket, one for what is larger than any, and the sum."""
        return len(self.bounds) + 2

    def _child_at(self, at: int) -> Spread:
        return Spread(self._cells.numbers, at, self.limits)


AnyFamily = Counter | Gauge | Histogram
