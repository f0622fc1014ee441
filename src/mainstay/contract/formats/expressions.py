"""Rules over several columns, written in the language of `mainstay.measures.expression`."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Pairs = list[tuple[object, object]]


def name(column: str) -> str:
    """Write the name of a column; in back ticks, which hold any name."""
    return "`" + column.replace("`", "``") + "`"


def constant(value: object) -> str:
    """Write a constant: a number, a text, or a truth as the comparison that comes to it."""
    if isinstance(value, bool):
        return "(1 == 1)" if value else "(1 == 0)"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def not_below(a: str, b: str, *, strict: bool) -> str:
    """Say that one column is above another, or as large."""
    return f"{name(a)} {'>' if strict else '>='} {name(b)}"


def equal(columns: Sequence[str]) -> str:
    """Say that columns are equal.

    Examples
    --------
    >>> equal(["a", "b", "c d"])
    '`a` == `b` == `c d`'

    """
    return " == ".join(map(name, columns))


def all_apart(columns: Sequence[str]) -> str:
    """Say that no two of the columns are equal."""
    return " and ".join(f"{name(a)} != {name(b)}" for a, b in combinations(columns, 2))


def is_none_of(column: str, values: Sequence[object]) -> str:
    """Say what a column may not be.

    Examples
    --------
    >>> is_none_of("plan", ["gone", 3])
    "not (`plan` in ['gone', 3])"

    """
    return f"not ({name(column)} in [{', '.join(map(constant, values))}])"


def is_multiple(column: str, step: float) -> str:
    """Say that a column is a multiple of a number."""
    return f"{name(column)} % {step!r} == 0"


def either_pair(a: str, b: str, pairs: Pairs) -> str:
    """Say that two columns hold one of some pairs of values."""
    return " or ".join(f"({name(a)} == {constant(x)} and {name(b)} == {constant(y)})" for x, y in pairs)


def sum_is(columns: Sequence[str], total: float) -> str:
    """Say what columns add up to."""
    return f"{' + '.join(map(name, columns))} == {total!r}"
