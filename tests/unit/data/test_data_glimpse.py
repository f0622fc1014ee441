"""What drafting looks at: everything that fits, else a sample that no rhythm in the rows can fool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.data.glimpse import Glimpse, refuse_header_as_row, sample_rows
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator


def batches(rows: int, size: int) -> Iterator[pl.DataFrame]:
    for start in range(0, rows, size):
        yield pl.DataFrame({"k": range(start, min(rows, start + size))})


def test_few_rows_are_all_kept() -> None:
    frame, height = sample_rows(batches(1900, 300), 1000)
    assert frame is not None
    assert (frame.height, height) == (1900, 1900)
    assert sample_rows(iter(()), 1000) == (None, 0)


def test_of_many_rows_the_first_ones_and_some_from_everywhere_are_kept_in_order() -> None:
    frame, height = sample_rows(batches(100_000, 3000), 4000)
    assert frame is not None
    kept = frame["k"]
    assert height == 100_000
    assert 3000 < frame.height <= 8000
    assert kept.is_sorted()
    assert kept[:400].to_list() == list(range(400))
    tenths = (kept // 10_000).value_counts()["count"]
    assert tenths.min() > 0.5 * frame.height / 10  # type: ignore[operator]
    hours = (kept % 24).value_counts()  # hourly rows: every hour is there about as often
    assert hours.height == 24
    assert hours["count"].min() > 0.6 * frame.height / 24  # type: ignore[operator]


@pytest.mark.parametrize("size", [500, 7777, 100_000])
def test_the_sample_does_not_depend_on_the_batches(size: int) -> None:
    first, _ = sample_rows(batches(50_000, 1000), 2000)
    again, _ = sample_rows(batches(50_000, size), 2000)
    assert first is not None
    assert again is not None
    assert first.equals(again)


def test_a_sample_says_that_it_is_one() -> None:
    frame = pl.DataFrame({"a": range(10), "b": range(10)})
    assert Glimpse(frame, 10, "parquet").size == "10 rows, 2 columns (parquet)"
    said = Glimpse(frame, 5000, "parquet").size
    assert said == (
        "5 000 rows, 2 columns (parquet); counted in 10 of the rows, the first ones and some from everywhere"
    )


def test_a_header_that_was_said_not_to_be_there_is_told() -> None:
    named = pl.DataFrame({"column_1": ["age", *map(str, range(40))], "column_2": ["plan", *["a", "b"] * 20]})
    with pytest.raises(DataError, match=r"its first line says 'age' above nothing but numbers.*Leave out --no-header"):
        refuse_header_as_row(Glimpse(named, 41, ""), "rows.csv")
    refuse_header_as_row(Glimpse(named[1:], 40, ""), "rows.csv")
    refuse_header_as_row(Glimpse(named.with_columns(column_1=pl.Series(["x", "y"] * 20 + ["3"])), 41, ""), "rows.csv")
