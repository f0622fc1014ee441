"""Slices of time: an hour each, numbered from 1970; and which of them an id was made in."""

from __future__ import annotations

import datetime as dt

import polars as pl

HOUR = dt.timedelta(hours=1)
DAY = 24
"""Slices of a day."""

ODD = -1
"""Place of what names no time."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MINUTE = 60_000
_PER_HOUR = 60 * _MINUTE


def slice_of(at: dt.datetime) -> int:
    """Give the slice a moment falls into.

    Examples
    --------
    >>> start_of(slice_of(dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC))).hour
    17

    """
    return (at - _EPOCH) // HOUR


def start_of(place: int) -> dt.datetime:
    """Give the moment a slice begins."""
    return _EPOCH + place * HOUR


def hours(times: pl.Series) -> pl.Series:
    """Give the slice of each time, as the log writes it or as a moment."""
    written = times.dtype == pl.String
    hour = (
        times if not written else times.str.slice(0, 16).str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", strict=False)
    )
    return (hour.dt.epoch("us") // (HOUR // dt.timedelta(microseconds=1))).alias("place")


def buckets(ids: pl.Series) -> pl.Series:
    """Give the bucket in which each id (UUIDv7) was made; null for those that say no time.

    Each hour has two: its first 59 minutes, and its last one, whose answers may be of the next hour.
    """
    made = made_at(ids)
    last = (made % _PER_HOUR) // _MINUTE == 59
    return (2 * (made // _PER_HOUR) + last.cast(pl.Int64)).alias("place")


def made_at(ids: pl.Series) -> pl.Series:
    """Give when each id was made, milliseconds since 1970; null for those that aren't UUIDv7."""
    digits = ids.str.slice(0, 8) + ids.str.slice(9, 4)
    good = (ids.str.len_bytes() == 36) & (ids.str.slice(14, 1) == "7")
    return digits.str.to_integer(base=16, strict=False).zip_with(good, pl.Series([None], dtype=pl.Int64))
