"""Moments of a whole column, in Polars: to the same microsecond as `mainstay.contract.moments` for one text.

A serving worker never imports this module.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import polars as pl

from mainstay.contract.moments import CENTURY_TURNS, MONTHS, Grammar

MOMENT: Final = pl.Datetime("us", "UTC")
_DAY = 86_400
_EPOCH_FROM_MARCH = 719_468
"""Days from the first of March of year 0 to 1970."""
_LEAST, _MOST = -62_135_596_800, 253_402_300_799
"""The first and the last second of the years 1 to 9999, counted from 1970."""


def read_cells(cell: pl.Expr, grammar: Grammar) -> pl.Expr:
    """Read texts; null where one spells no moment of the years 1 to 9999."""
    return cell.map_batches(partial(_read, grammar=grammar), return_dtype=MOMENT, is_elementwise=True)


def in_utc(cell: pl.Expr) -> pl.Expr:
    """Bring dates and times of any unit and zone to microseconds in UTC; times without a zone are UTC already."""
    moment = cell.cast(MOMENT, strict=False)
    return pl.when(moment.dt.epoch("s").is_between(_LEAST, _MOST)).then(moment)


def seconds_of_cells(cell: pl.Expr) -> pl.Expr:
    """Give the seconds since 1970, as `mainstay.contract.moments.seconds_of` does.

    Nothing is divided: Polars divides by a number as it multiplies with one over it, which isn't the same.
    """
    micros = cell.dt.epoch("us")
    return (micros // 1_000_000).cast(pl.Float64) + (micros % 1_000_000).cast(pl.Float64) * 1e-6


def _read(texts: pl.Series, *, grammar: Grammar) -> pl.Series:
    found = [_moments(texts, pattern) for pattern in grammar.patterns]
    for other in found[1:]:
        found[0] = found[0].fill_null(other) if found[0].null_count() else found[0]
    return found[0]


def _moments(texts: pl.Series, pattern: str) -> pl.Series:
    """Read texts in steps, each a frame: Polars would work out a step anew wherever it is used."""
    parts = texts.alias("text").str.extract_groups(f"^(?:{pattern})$").struct.unnest()
    numbers = parts.select(
        _year(parts).alias("year"),
        _month(parts).alias("month"),
        *(_number(parts, name).alias(name) for name in ("day", "minute", "second")),
        _hour(parts).alias("hour"),
        _fraction(parts).alias("fraction"),
        *_offset(parts),
    ).with_columns(months=pl.col("year") * 12 + pl.col("month") - 1)
    days = numbers.with_columns(first=_days_before(pl.col("months")), next=_days_before(pl.col("months") + 1))
    day = pl.col("day")
    sound = (
        (pl.col("year") >= 1)
        & pl.col("month").is_between(1, 12)
        & (day >= 1)
        & (day <= pl.col("next") - pl.col("first"))
        & (pl.col("hour") <= 23)
        & (pl.col("minute") <= 59)
        & (pl.col("second") <= 59)
        & pl.col("zoned")
    )
    time = pl.col("hour") * 3600 + pl.col("minute") * 60 + pl.col("second") - pl.col("offset")
    seconds = days.select("fraction", sound=sound, seconds=(pl.col("first") + day - 1) * _DAY + time)
    sound = pl.col("sound") & pl.col("seconds").is_between(_LEAST, _MOST)
    micros = (pl.col("seconds") * 1_000_000 + pl.col("fraction")).cast(MOMENT)
    return seconds.select(pl.when(sound).then(micros).alias(texts.name)).to_series()


def _number(parts: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64).fill_null(0) if name in parts.columns else pl.lit(0, dtype=pl.Int64)


def _fraction(parts: pl.DataFrame) -> pl.Expr:
    if "fraction" not in parts.columns or parts["fraction"].null_count() == parts.height:
        return pl.lit(0, dtype=pl.Int64)
    return (pl.col("fraction") + "000000").str.slice(0, 6).cast(pl.Int64).fill_null(0)


def _year(parts: pl.DataFrame) -> pl.Expr:
    if "year" in parts.columns:
        return pl.col("year").cast(pl.Int64)
    short = pl.col("short").cast(pl.Int64)
    return short + pl.when(short < CENTURY_TURNS).then(2000).otherwise(1900)


def _month(parts: pl.DataFrame) -> pl.Expr:
    if "month" in parts.columns:
        return pl.col("month").cast(pl.Int64)
    name = pl.col("name").str.slice(0, 3).str.to_lowercase()
    return name.replace_strict(MONTHS, range(1, 13), default=None, return_dtype=pl.Int64)


def _hour(parts: pl.DataFrame) -> pl.Expr:
    hour = _number(parts, "hour")
    if "half" not in parts.columns:
        return hour
    afternoon = pl.col("half").str.slice(0, 1).is_in(["P", "p"]).cast(pl.Int64)
    return pl.when(hour.is_between(1, 12)).then(hour % 12 + 12 * afternoon).otherwise(99)


def _days_before(months: pl.Expr) -> pl.Expr:
    """Count the days from 1970 to the first of a month, which is counted from January of year 0."""
    year, month = (months - 2) // 12, (months - 2) % 12  # years that begin in March end with the leap day
    whole = 365 * year + year // 4 - year // 100 + year // 400
    return whole + (153 * month + 2) // 5 - _EPOCH_FROM_MARCH


def _offset(parts: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """Give the seconds to take off, and whether there is such an offset."""
    if "zone" not in parts.columns or not parts["zone"].str.contains(r"^[+-]").any():
        return pl.lit(0, dtype=pl.Int64).alias("offset"), pl.lit(value=True).alias("zoned")
    zone = pl.col("zone")
    numeric = zone.str.contains(r"^[+-]").fill_null(value=False)
    digits = zone.str.replace(":", "", literal=True)
    hours = digits.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    offset = pl.when(numeric).then(sign * (hours * 3600 + minutes * 60)).otherwise(0)
    return offset.alias("offset"), (~numeric | ((hours <= 23) & (minutes <= 59))).alias("zoned")
