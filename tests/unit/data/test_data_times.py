"""Times: found by trying whole columns."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from mainstay.data.times import order_of, read_times


@pytest.mark.parametrize(
    ("texts", "layout"),
    [
        (["2024-02-29", "2025-01-01"], "%Y-%m-%d"),
        (["2024-02-29T12:00:00Z", "2025-01-01T00:00:00.5Z"], "%Y-%m-%dT%H:%M:%S%.fZ"),
        (["2024-02-29 12:00:00", "2025-01-01 00:00:00.123456"], "%Y-%m-%d %H:%M:%S%.f"),
        (["2/29/2024", "12/31/2024"], "%m/%d/%Y"),
        (["29/2/2024", "31/12/2024"], "%d/%m/%Y"),
        (["29.02.2024", "31.12.2024"], "%d.%m.%Y"),
    ],
)
def test_one_layout_fits_the_whole_column(texts: list[str], layout: str) -> None:
    times = read_times(pl.Series("t", texts))
    assert times is not None
    assert (times.layout, times.ambiguous) == (layout, False)
    assert times.values.dtype == pl.Datetime("us", "UTC")
    assert times.values[0].date() == dt.date(2024, 2, 29) or times.values[0].year == 2024


def test_an_offset_is_brought_to_utc() -> None:
    times = read_times(pl.Series("t", ["2024-01-01T02:00:00+02:00"]))
    assert times is not None
    assert times.values[0] == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def test_day_and_month_in_doubt_take_the_ascending_reading_and_say_so() -> None:
    times = read_times(pl.Series("t", ["1/2/2024", "2/2/2024", "3/2/2024", "1/3/2024"]))
    assert times is not None
    assert times.ambiguous
    assert times.layout == "%d/%m/%Y"


@pytest.mark.parametrize("texts", [["12", "13"], ["Month-to-month", "One year"], ["2024-01-01", "soon"], [None, None]])
def test_what_is_no_time_is_none(texts: list[str | None]) -> None:
    assert read_times(pl.Series("t", texts, dtype=pl.String)) is None


def test_order_is_seconds_or_the_number_itself() -> None:
    seconds = order_of(pl.Series("t", ["1970-01-02", None]))
    assert seconds is not None
    assert seconds[0] == 86400.0
    assert np.isnan(seconds[1])
    numbers = order_of(pl.Series("t", ["3", "1"]))
    assert numbers is not None
    assert numbers.tolist() == [3.0, 1.0]
    assert order_of(pl.Series("t", ["a", "b"])) is None
