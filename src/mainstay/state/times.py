"""Moments as text that sorts: ISO 8601, UTC, microseconds, `Z`."""

from __future__ import annotations

import datetime as dt


def to_text(moment: dt.datetime) -> str:
    """Write a moment so that text order is time order.

    Raises
    ------
    ValueError
        Where the moment doesn't know its zone.

    Examples
    --------
    >>> to_text(dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC))
    '2026-11-22T09:30:00.000000Z'

    """
    if moment.tzinfo is None:
        raise ValueError("a moment in the books needs a time zone")
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> dt.datetime:
    """Read what `to_text` wrote.

    Examples
    --------
    >>> from_text("2026-11-22T09:30:00.000000Z").hour
    9

    """
    return dt.datetime.fromisoformat(text)
