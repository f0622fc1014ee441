"""`Tally`: what is counted of every answered request, at the price of a few additions."""

from __future__ import annotations

from bisect import bisect_left


class Tally:
    """Counts the answers of one arm by one door: requests, their latency, their records.

    The numbers are where every process sees them as soon as `answered` returns: there is nothing to flush, a scrape
    that comes after an answer has it, and a worker that is killed then has counted it. For the event loop's thread
    alone.

    Made by `Metrics.tally(model, version, role, route)`; keep it as long as the arm.

    Parameters
    ----------
    numbers : memoryview
        The cells.
    seconds, records, predictions : int
        First cell of the arm's latencies, of the door's records by request, and of the arm's answered records.
    limits, sizes : tuple of int
        Bounds of the two histograms.

    """

    __slots__ = (
        "_limits",
        "_numbers",
        "_predictions",
        "_records",
        "_records_sum",
        "_seconds",
        "_seconds_sum",
        "_sizes",
    )

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        numbers: memoryview,
        seconds: int,
        records: int,
        predictions: int,
        limits: tuple[int, ...],
        sizes: tuple[int, ...],
    ) -> None:
        self._numbers = numbers
        self._seconds = seconds
        self._seconds_sum = seconds + len(limits) + 1
        self._records = records
        self._records_sum = records + len(sizes) + 1
        self._predictions = predictions
        self._limits = limits
        self._sizes = sizes

    def answered(self, nanoseconds: int, records: int, elsewhere: int = 0) -> None:
        """Count a request that was answered: 0.4 us.

        Parameters
        ----------
        nanoseconds : int
            From its arrival to its answer.
        records : int
            How many it held.
        elsewhere : int
            How many of them other arms answered, whose `joined` is called: a request is counted once, by the arm that
            answered its first record.

        """
        numbers = self._numbers
        numbers[self._seconds + bisect_left(self._limits, nanoseconds)] += 1
        numbers[self._seconds_sum] += nanoseconds
        numbers[self._records + (bisect_left(self._sizes, records) if records > 1 else 0)] += 1
        numbers[self._records_sum] += records
        numbers[self._predictions] += records - elsewhere

    def joined(self, records: int) -> None:
        """Count records this arm answered of a request that is counted elsewhere."""
        self._numbers[self._predictions] += records
