"""Sentinels: values that look like data and mean "missing": 999, -1, 1900-01-01, "unknown"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.data.standins import AMONG_NUMBERS, ANYWHERE

if TYPE_CHECKING:
    from mainstay.data.auditing.tally import Tally

SAID = frozenset({"unknown", "undefined", "unspecified", "not available", "not applicable", "not known", "tbd"})
"""Words that may be a label of their own, and mostly aren't."""
DATES = ("1900-01-01", "1899-12-30", "1970-01-01", "9999-12-31", "0001-01-01", "1/1/1900", "1/1/1970", "12/31/9999")
_NINES = frozenset(float(sign * int("9" * digits)) for digits in range(2, 10) for sign in (1, -1)) | {-1.0, -9.0}
_FEWEST = 2  # a single 999 is an outlier; a sentinel comes again
_MOST_AT_AN_END = 3
_APART = 2.0  # it lies at least as far again beyond the rest as the rest reaches


class Sentinel(msgspec.Struct, frozen=True):
    """A value that may mean "missing".

    Parameters
    ----------
    value : str
        As it is written.
    count : int
        Cells that hold it.
    why : str
        What makes it suspicious.

    """

    value: str
    count: int
    why: str


def sentinels(found: Tally, *, allowed: frozenset[str] = frozenset()) -> tuple[Sentinel, ...]:
    """Find the values of a column that may stand for a missing one.

    A number is suspected where it is one of the usual ones and stands apart from all others: -1 where nothing else is
    negative, 999 where everything else is below 500.

    Parameters
    ----------
    found : Tally
        The column.
    allowed : frozenset of str
        Values its contract names, which therefore mean something.

    """
    told = [*_spoken(found, allowed), *_dated(found)]
    if found.numeric > found.known / 2:
        told += _numbered(found, allowed)
    return tuple(sorted(told, key=lambda each: (-each.count, each.value)))


def _spoken(found: Tally, allowed: frozenset[str]) -> list[Sentinel]:
    numbers = found.numeric > found.known / 2
    words = AMONG_NUMBERS if numbers else ANYWHERE | SAID
    odd = found.seen.filter(pl.col("number").is_null())
    return [
        Sentinel(value, n, "a word for missing" + (" among numbers" if numbers else ""))
        for value, n in odd.select("value", "n").iter_rows()
        if value.casefold() in words and value not in allowed
    ]


def _dated(found: Tally) -> list[Sentinel]:
    if found.reads_as[2] <= found.known / 2:
        return []
    return [
        Sentinel(value, n, "a date that systems write where they know none")
        for value, n in found.seen.select("value", "n").iter_rows()
        if value.startswith(DATES) and (len(value) <= 10 or "00:00" in value) and found.distinct_about > _FEWEST
    ]


def _numbered(found: Tally, allowed: frozenset[str]) -> list[Sentinel]:
    return [
        Sentinel(value, n, f"{value} stands apart: every other number is {side} {rest:g}")
        for ends, side in ((found.high, "at most"), (found.low, "at least"))
        for value, n, rest in _heaped_apart(ends)
        if value not in allowed
    ]


def _heaped_apart(ends: pl.DataFrame) -> list[tuple[str, int, float]]:
    """Give the numbers at one end that stand apart, from outside in, each with the first that doesn't."""
    rows = ends.select("value", "n", "number").rows()
    for place in range(min(_MOST_AT_AN_END, len(rows) - 1), 0, -1):
        rest = float(rows[place][2])
        outside = [(str(value), int(n), float(number)) for value, n, number in rows[:place]]
        if all(number in _NINES and n >= _FEWEST and _stands_apart(number, rest) for _, n, number in outside):
            return [(value, n, rest) for value, n, _ in outside]
    return []


def _stands_apart(number: float, rest: float) -> bool:
    if number < 0:
        return rest >= 0 or number < _APART * 2 * rest
    return rest > 0 and number >= _APART * rest
