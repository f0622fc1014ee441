"""The outline of a draft: the guesses about single columns, seen together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract import Boolean, Category, Datetime
from mainstay.data.words import count, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.data.facts import Facts
    from mainstay.data.guess import Guess
    from mainstay.data.leaks import Leak

MOST_SEGMENTS = 3
_LEAST_MOMENTS = 10
_MOST_MISSING = 0.05
_ROWS_PER_SEGMENT = 50
_BIRTH = re.compile(r"birth|born|\bdob\b|_dob|dob_", re.IGNORECASE)


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
        Columns whose groups differ most in the target: worth judging apart.

    """

    guesses: tuple[Guess, ...]
    leaks: tuple[Leak, ...]
    entity: str
    split_by: str
    split_why: str
    time: str
    segments: tuple[str, ...]


def outline(
    guesses: Sequence[Guess], facts: Mapping[str, Facts], leaks: tuple[Leak, ...], y: NDArray[np.float64]
) -> Outline:
    """See the guesses together: which identifier is the entity, which time orders the rows, which columns leak."""
    guesses = [_without_leak(guess, leaks) for guess in guesses]
    ids = [guess.column.name for guess in guesses if guess.column.role == "id"]
    entity = ids[0] if ids else ""
    time = next(
        (g.column.name for g in guesses if isinstance(g.column, Datetime) and _orders(facts[g.column.name])), ""
    )
    guesses = [_with_role(guess, entity, time) for guess in guesses]
    split_by, why = "random", ""
    repeats = bool(entity) and facts[entity].distinct < facts[entity].known
    if time:
        split_by = "time"
        many = count(facts[time].distinct)
        why = f"{time} says when each row was known ({many} different), and production is always later"
    elif repeats:
        split_by = "group"
        who = f"{count(facts[entity].distinct)} different {entity} in {rows(facts[entity].known)}"
        why = f"{who}: nobody is on both sides"
    return Outline(tuple(guesses), leaks, entity, split_by, why, time, _segments(guesses, facts, y))


def _orders(facts: Facts) -> bool:
    """Say whether a time column can order the rows: many moments, few gaps, and nobody's birthday."""
    few_gaps = facts.missing <= _MOST_MISSING * facts.rows
    return facts.distinct >= _LEAST_MOMENTS and few_gaps and not _BIRTH.search(facts.name)


def _without_leak(guess: Guess, leaks: tuple[Leak, ...]) -> Guess:
    for leak in leaks:
        if guess.column.name in leak.columns:
            column = msgspec.structs.replace(guess.column, role="ignored", missing="reject")
            return replace(
                guess,
                column=column,
                why=f"leak suspect: {leak.words}. Known before the prediction? Then make it a feature",
            )
    return guess


def _with_role(guess: Guess, entity: str, time: str) -> Guess:
    column = guess.column
    if column.name == time:
        return replace(guess, column=msgspec.structs.replace(column, role="time"))
    if column.role == "id" and column.name != entity:
        return replace(guess, column=msgspec.structs.replace(column, role="ignored"))
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
    return tuple(sorted(spreads, key=lambda name: -spreads[name])[:MOST_SEGMENTS])
