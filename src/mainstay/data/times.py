"""Times in a source: found by trying whole columns, never cell by cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d-%b-%Y",
    "%d %b %Y",
)
_UNAMBIGUOUS = "%Y"
_LIKE_A_TIME = re.compile(r"[0-9]{1,4}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ,][0-9]{2,4}")
_PARTS = {
    "year": re.compile(r"year|yr|jahr|yyyy"),
    "month": re.compile(r"month|mnth|mth|mon|monat|mm"),
    "day": re.compile(r"day|day[_ ]?of[_ ]?(?:the[_ ]?)?month|dayofmonth|mday|dom|tag|dd"),
    "hour": re.compile(r"hour|hr|hrs|stunde|hh"),
    "minute": re.compile(r"minute|min|mins"),
}
RANGES = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 59)}


@dataclass(frozen=True)
class Times:
    """A column read as times.

    Parameters
    ----------
    values : polars.Series
        Datetimes in UTC, microseconds; null where the cell is.
    layout : str
        The format that every cell follows; ``""`` where the file already held times.
    ambiguous : bool
        Whether day and month could be the other way round as well.

    """

    values: pl.Series
    layout: str
    ambiguous: bool = False


def read_times(cells: pl.Series) -> Times | None:
    """Read a column as times; None where it holds none, or any cell that isn't one.

    Texts must all follow one of a few formats. Where both ``month/day/year`` and ``day/month/year`` fit every cell,
    the one that leaves the column in ascending order is taken, else month first, and the answer says `ambiguous`.

    Examples
    --------
    >>> times = read_times(pl.Series(["1/1/2011", "12/31/2012"]))
    >>> times.layout, str(times.values[1])[:10]
    ('%m/%d/%Y', '2012-12-31')

    """
    if cells.dtype == pl.Date:
        return Times(cells.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), "")
    if isinstance(cells.dtype, pl.Datetime):
        return Times(_in_utc(cells.dt.cast_time_unit("us")), "")
    if cells.dtype != pl.String or cells.null_count() == len(cells):
        return None
    head = cells.drop_nulls().head(200)
    if not _LIKE_A_TIME.match(head[0]):
        return None
    fits = [layout for layout in FORMATS if _parse(head, layout).null_count() == 0]
    found = [(layout, _parse(cells, layout)) for layout in fits]
    found = [(layout, values) for layout, values in found if values.null_count() == cells.null_count()]
    if not found:
        return None
    ambiguous = len(found) > 1 and not found[0][0].startswith(_UNAMBIGUOUS)
    sorted_ones = [pair for pair in found if pair[1].drop_nulls().is_sorted()]
    layout, values = sorted_ones[0] if len(sorted_ones) == 1 else found[0]
    return Times(values, layout, ambiguous)


@dataclass(frozen=True)
class Parts:
    """A time that is split over columns: year, month and so on.

    Parameters
    ----------
    columns : dict of str to str
        ``"year"``, ``"month"``, ``"day"``, ``"hour"``, ``"minute"`` to the column that holds it, coarse to fine.
    ascending : bool
        Whether the rows are in order of it.

    """

    columns: dict[str, str]
    ascending: bool


def find_parts(numbers: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]]) -> tuple[Parts, ...]:
    """Find times split over columns, by their names and by what they hold.

    Names share all but the part: ``year, month, day`` or ``pickup_year, pickup_month``. At least year and month must
    be there, without a gap in the middle.

    Parameters
    ----------
    numbers : mapping of str to array
        The columns of whole numbers; NaN where missing.

    Examples
    --------
    >>> found = find_parts({"month": np.array([1.0, 2.0]), "year": np.array([2024.0, 2024.0])})
    >>> found[0].columns, found[0].ascending
    ({'year': 'year', 'month': 'month'}, True)

    """
    stems: dict[str, dict[str, str]] = {}
    for name in numbers:
        stem, part = part_of(name)
        low, high = RANGES.get(part, (0, 0))
        known = numbers[name][~np.isnan(numbers[name])] if part else np.array([])
        if len(known) and known.min() >= low and known.max() <= high:
            stems.setdefault(stem, {}).setdefault(part, name)
    found = []
    for columns in stems.values():
        parts = {part: columns[part] for part in _PARTS if part in columns}
        whole = tuple(parts) == tuple(_PARTS)[: len(parts)]
        if len(parts) > 1 and whole:
            found.append(Parts(parts, _ascends([numbers[name] for name in parts.values()])))
    return tuple(found)


def part_of(name: str) -> tuple[str, str]:
    """Split a column's name into its stem and the part of a time it says; ``""`` for none.

    Examples
    --------
    >>> part_of("pickup_year"), part_of("hr"), part_of("price")
    (('pickup', 'year'), ('', 'hour'), ('price', ''))

    """
    words = [word for word in re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).casefold()) if word]
    for part, pattern in _PARTS.items():
        if words and pattern.fullmatch("_".join(words)):
            return "", part
        for place in (-1, 0):
            if len(words) > 1 and pattern.fullmatch(words[place]):
                return "_".join(words[:-1] if place else words[1:]), part
    return name, ""


def _ascends(parts: list[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> bool:
    """Say whether rows are in order of a time, given its parts from coarse to fine."""
    moment = np.zeros(len(parts[0]))
    for part in parts:
        moment = moment * 100 + part
    return bool((np.diff(moment) >= 0).all())


def order_of(cells: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """Give what rows are put in order of time by: seconds since 1970, or the number itself; NaN where missing.

    None where the column holds neither times nor numbers.
    """
    times = read_times(cells)
    if times is not None:
        micros = times.values.dt.timestamp("us").cast(pl.Float64)
        return (micros / 1e6).fill_null(np.nan).to_numpy().astype(np.float64)
    numbers = cells.cast(pl.Float64, strict=False) if cells.dtype != pl.Boolean else None
    if numbers is None or numbers.null_count() > cells.null_count():
        return None
    return numbers.fill_null(np.nan).to_numpy().astype(np.float64)


def _parse(cells: pl.Series, layout: str) -> pl.Series:
    if layout.endswith(("z", "Z")):
        zoned = cells.str.replace(r"Z$", "+00:00") if layout.endswith("Z") else cells
        return _in_utc(
            zoned.str.to_datetime(layout.removesuffix("Z").removesuffix("%:z") + "%:z", strict=False, time_unit="us")
        )
    if "%H" in layout:
        return _in_utc(cells.str.to_datetime(layout, strict=False, time_unit="us"))
    return cells.str.to_date(layout, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _in_utc(values: pl.Series) -> pl.Series:
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return values.dt.convert_time_zone("UTC")
    return values.dt.replace_time_zone("UTC")
