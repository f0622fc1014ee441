"""Counts, shares and lists as a sentence writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence


def count(number: int) -> str:
    """Write a count with its thousands apart.

    Examples
    --------
    >>> count(7043)
    '7 043'

    """
    return f"{number:,}".replace(",", " ")


def rows(number: int) -> str:
    """Write a number of rows.

    Examples
    --------
    >>> rows(1), rows(12000)
    ('1 row', '12 000 rows')

    """
    return f"{count(number)} row{'' if number == 1 else 's'}"


def lasting(length: dt.timedelta) -> str:
    """Write a length of time in days.

    Examples
    --------
    >>> import datetime as dt
    >>> lasting(dt.timedelta(days=30)), lasting(dt.timedelta(hours=6))
    ('30 days', '0.25 days')

    """
    days = length.total_seconds() / 86_400
    return f"{days:g} day{'' if days == 1 else 's'}"


def listing(names: Sequence[str], most: int = 12) -> str:
    """List names, and count those that don't fit.

    Examples
    --------
    >>> listing(["a", "b", "c"], most=2)
    'a, b and 1 more'

    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def short(text: str, most: int = 40) -> str:
    """Cut a text that would burst its line, and keep it on that line.

    Examples
    --------
    >>> short("abcdef", most=4)
    'abc…'

    """
    line = "".join(letter if letter.isprintable() else "·" for letter in text[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"
