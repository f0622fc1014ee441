"""Times in a source: found by trying whole columns, never cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

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
    fits = [layout for layout in FORMATS if _parse(head, layout).null_count() == 0]
    found = [(layout, _parse(cells, layout)) for layout in fits]
    found = [(layout, values) for layout, values in found if values.null_count() == cells.null_count()]
    if not found:
        return None
    ambiguous = len(found) > 1 and not found[0][0].startswith(_UNAMBIGUOUS)
    sorted_ones = [pair for pair in found if pair[1].drop_nulls().is_sorted()]
    layout, values = sorted_ones[0] if len(sorted_ones) == 1 else found[0]
    return Times(values, layout, ambiguous)


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
