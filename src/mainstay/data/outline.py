"""The outline of a draft: the guesses about single columns, seen together."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract import Boolean, Category, Datetime, Integer
from mainstay.data.times import RANGES, find_parts, part_of, read_times
from mainstay.data.words import count, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn
    from mainstay.data.facts import Facts
    from mainstay.data.guess import Guess
    from mainstay.data.leaks import Leak
    from mainstay.data.times import Parts

MOST_SEGMENTS = 3
_LEAST_MOMENTS = 10
_MOST_MISSING = 0.05
_ROWS_PER_SEGMENT = 50
_BIRTH = re.compile(r"birth|born|\bdob\b|_dob|dob_", re.IGNORECASE)
_EXPIRY = re.compile(r"expir|(?:^|_)exp(?:_|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Outline:
    """A draft's guesses, seen together.

    Parameters
    ----------
    guesses : tuple of Guess
        One per column; leak suspects have the role ``"ignored"``, one time column ``"time"``, one identifier ``"id"``.
    leaks : tuple of Leak
        The suspects.
    entity : str
        The identifier; empty where there is none.
    split_by : str
        ``"random"``, ``"time"`` or ``"group"``.
    split_why : str
        The evidence for anything but random.
    time : str
        The column rows are ordered by; empty where there is none.
    segments : tuple of str
        Columns whose groups differ most in the target: worth judging apart. Sensitive ones come first.
    group_why : str
        What speaks for a split by the entity where the rows are split by time; empty where nothing does.
    parts : tuple of Parts
        Times that are split over columns, where no column holds a whole one.
    times : tuple of str
        The columns that order the rows, the most significant first: `time` and its hour, or the first of `parts`.

    """

    guesses: tuple[Guess, ...]
    leaks: tuple[Leak, ...]
    entity: str
    split_by: str
    split_why: str
    time: str
    segments: tuple[str, ...]
    group_why: str = ""
    parts: tuple[Parts, ...] = ()
    times: tuple[str, ...] = ()


def outline(
    guesses: Sequence[Guess], facts: Mapping[str, Facts], leaks: tuple[Leak, ...], y: NDArray[np.float64]
) -> Outline:
    """See the guesses together: which identifier is the entity, which time orders the rows, which columns leak."""
    twins = _twins(facts)
    guesses = [_without_leak(_without_twin(guess, twins), leaks) for guess in guesses]
    ids = [guess.column.name for guess in guesses if guess.column.role == "id"]
    entity = ids[0] if ids else ""
    time = next(
        (g.column.name for g in guesses if isinstance(g.column, Datetime) and _orders(facts[g.column.name])), ""
    )
    guesses = [_with_role(guess, entity, time) for guess in guesses]
    guesses, parts, hour = _with_parts(guesses, facts, time)
    hours = f"; {hour} is the hour of it" if hour else ""
    split_by, why = "random", ""
    repeats = bool(entity) and facts[entity].distinct < facts[entity].known
    who = f"{count(facts[entity].distinct)} different {entity} in {rows(facts[entity].known)}" if repeats else ""
    ordering = next((one for one in parts if _moments(one, facts) >= _LEAST_MOMENTS), None)
    times = (time, *filter(None, [hour])) if time else tuple(ordering.columns.values()) if ordering else ()
    if time:
        split_by = "time"
        many = count(facts[time].distinct)
        why = f"{time} says when each row was known ({many} different{hours}), and production is always later"
    elif ordering:
        split_by = "time"
        sorted_too = ", and the rows are in order of it" if ordering.ascending else ""
        many = count(_moments(ordering, facts))
        why = f"a time together ({many} different){sorted_too}: production is always later"
    elif repeats:
        split_by = "group"
        why = f"{who}: nobody is on both sides"
    by_group = f"{who}: nobody would be on both sides" if times and repeats else ""
    segments = _segments(guesses, facts, y)
    return Outline(tuple(guesses), leaks, entity, split_by, why, time, segments, by_group, parts, times)


def _orders(facts: Facts) -> bool:
    """Say whether a time column can order the rows: many moments, few gaps, and nobody's birthday."""
    return facts.distinct >= _LEAST_MOMENTS and _few_gaps(facts) and not _BIRTH.search(facts.name)


def _few_gaps(facts: Facts) -> bool:
    return facts.missing <= _MOST_MISSING * facts.rows


def _moments(parts: Parts, facts: Mapping[str, Facts]) -> int:
    """Count the different moments of a time that is split over columns; none where it can't order the rows."""
    columns = [facts[name] for name in parts.columns.values()]
    if any(_BIRTH.search(column.name) or _EXPIRY.search(column.name) or not _few_gaps(column) for column in columns):
        return 0
    return len(np.unique(np.column_stack([column.numbers for column in columns]), axis=0))


def _without_leak(guess: Guess, leaks: tuple[Leak, ...]) -> Guess:
    for leak in leaks:
        if guess.column.name in leak.columns:
            return replace(
                guess,
                column=_ignored(guess.column),
                why=f"leak suspect: {evidence_of(leak)}. Known before the prediction? Then make it a feature",
            )
    return guess


def evidence_of(leak: Leak) -> str:
    """Say why a column is suspected, naming it."""
    return leak.words if leak.label in leak.words else f"{leak.label}: {leak.words}"


def _twins(facts: Mapping[str, Facts]) -> dict[str, str]:
    """Give each column that holds the same as an earlier one, with that one's name; constants are no twins."""
    first: dict[tuple[str, int, int], list[str]] = {}
    twins = {}
    for name, column in facts.items():
        if column.distinct < 2:
            continue
        hashes = column.cells.hash(seed=0).to_numpy()
        weights = np.arange(1, 2 * len(hashes), 2, dtype=np.uint64)
        known = first.setdefault((str(column.cells.dtype), column.missing, int((hashes * weights).sum())), [])
        same = next((other for other in known if facts[other].cells.equals(column.cells, null_equal=True)), None)
        if same is None:
            known.append(name)
        else:
            twins[name] = same
    return twins


def _without_twin(guess: Guess, twins: Mapping[str, str]) -> Guess:
    if guess.column.name not in twins or guess.column.role != "feature":
        return guess
    column = _ignored(guess.column)
    return replace(guess, column=column, why=f"the same as {twins[guess.column.name]} in every row: once is enough")


def _ignored(column: AnyColumn) -> AnyColumn:
    """Take a column's role and what only a feature has: what is left says what it holds."""
    return msgspec.structs.replace(column, role="ignored", missing="reject", malformed="reject")


def _with_parts(
    guesses: Sequence[Guess], facts: Mapping[str, Facts], time: str
) -> tuple[list[Guess], tuple[Parts, ...], str]:
    """Name the columns that are a time only together; gives the parts, and the column that is the hour of `time`."""
    dated = [guess.column.name for guess in guesses if isinstance(guess.column, Datetime)]
    named = {
        name: facts[name].numbers for name in facts if part_of(name)[1] and facts[name].numeric and facts[name].integers
    }
    parts = find_parts(named)
    said = {
        name: f"{' + '.join(one.columns.values())} are a time together"
        for one in parts
        for name in one.columns.values()
    }
    by = time or (dated[0] if dated else "")
    hours = [
        name for name in named if part_of(name)[1] == "hour" and np.nanmax(named[name]) <= 24 and _few_gaps(facts[name])
    ]
    hour = hours[0] if hours and by and _days_alone(facts[by]) else ""
    if hour:
        said[hour] = f"{by} + {hour} are a time together: the day, and the hour of it"
    told = [
        _in_calendar(guess, said[guess.column.name], float(np.nanmax(named[guess.column.name])))
        if guess.column.name in said
        else guess
        for guess in guesses
    ]
    return told, () if time else parts, hour


def _in_calendar(guess: Guess, why: str, most: float) -> Guess:
    """Give a part of a time the range that the calendar gives it, whatever was seen so far."""
    part = part_of(guess.column.name)[1]
    guess = replace(guess, why=f"{guess.why}; {why}")
    if not isinstance(guess.column, Integer) or part == "year":
        return guess
    low, high = RANGES[part]
    if part == "hour" and most < high:
        high -= 1  # 24 is how some write the end of a day: only where it was seen
    ends = dict.fromkeys(("min", "max"), "as the calendar has it")
    return replace(guess, column=msgspec.structs.replace(guess.column, min=low, max=high), notes=guess.notes | ends)


def _days_alone(facts: Facts) -> bool:
    """Say whether a column of times has no time of the day."""
    times = read_times(facts.cells)
    return times is not None and bool((times.values.dt.time() == dt.time()).all())


def _with_role(guess: Guess, entity: str, time: str) -> Guess:
    column = guess.column
    if column.name == time:
        return replace(guess, column=msgspec.structs.replace(column, role="time"))
    if column.role == "id" and column.name != entity:
        return replace(guess, column=_ignored(column))
    return guess


def _segments(guesses: Sequence[Guess], facts: Mapping[str, Facts], y: NDArray[np.float64]) -> tuple[str, ...]:
    spreads = {}
    for guess in guesses:
        known = facts[guess.column.name]
        labels = isinstance(guess.column, Category | Boolean) and guess.column.role == "feature"
        if not labels or not 2 <= known.distinct <= 8 or min(known.counts.values()) < _ROWS_PER_SEGMENT:
            continue
        texts = np.array(known.texts.fill_null("").to_list())
        means = [
            float(np.nanmean(y[texts == label])) for label in known.counts if not np.isnan(y[texts == label]).all()
        ]
        spreads[known.name] = max(means) - min(means) if means else 0.0
    sensitive = {guess.column.name for guess in guesses if guess.column.sensitive}
    return tuple(sorted(spreads, key=lambda name: (name not in sensitive, -spreads[name]))[:MOST_SEGMENTS])
