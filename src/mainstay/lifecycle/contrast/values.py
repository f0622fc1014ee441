"""What was and what is: the smallest parts of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

ABSENT = "—"
_LONGEST = 120


class Changed(msgspec.Struct, frozen=True):
    """A thing that differs: what it is called, what it was in the other version, and what it is."""

    what: str
    was: str
    now: str


class Beside(msgspec.Struct, frozen=True):
    """A measure of both reports, side by side; None where a report doesn't have it."""

    measure: str
    where: str
    was: Finding | None
    now: Finding | None


def changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Give what differs between two sets of named values, those of the first in its order, then what is new.

    Examples
    --------
    >>> changes({"a": 1, "b": 2}, {"b": 3, "c": True})
    (Changed(what='a', was='1', now='—'), Changed(what='b', was='2', now='3'), Changed(what='c', was='—', now='true'))

    """
    names = dict.fromkeys((*was, *now))
    told = ((name, was.get(name, ABSENT), now.get(name, ABSENT)) for name in names)
    return tuple(Changed(name, words(before), words(after)) for name, before, after in told if before != after)


def words(value: Any) -> str:
    """Write a value on one line, short enough for a table."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool | int | float):
        text = str(value).lower() if isinstance(value, bool) else str(value)
    else:
        text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
