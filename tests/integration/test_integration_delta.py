"""Delta tables, today's and as they were."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.data.source import Source, open_source
from mainstay.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

deltalake = pytest.importorskip("deltalake")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "bookings"
    for version in range(3):
        rows = pl.DataFrame({"id": range(10 * version, 10 * version + 10), "kind": ["a", "b"] * 5})
        deltalake.write_deltalake(path, rows, mode="append")
        time.sleep(0.01)
    return path


def test_the_latest_version_and_an_older_one(table: Path) -> None:
    opened = open_source(Source(str(table)))
    assert opened.words == "Delta, version 2"
    assert opened.whole().height == 30
    old = open_source(Source(str(table), as_of=0))
    assert (old.words, old.whole().height) == ("Delta, version 0", 10)
    assert Source(str(table), as_of=0).shown.endswith("bookings as of 0")


def test_a_moment_picks_the_version_that_was_there(table: Path) -> None:
    history = sorted(deltalake.DeltaTable(table).history(), key=lambda entry: entry["version"])
    moment = dt.datetime.fromtimestamp(history[1]["timestamp"] / 1000, dt.UTC)
    assert open_source(Source(str(table), as_of=moment.isoformat())).words == "Delta, version 1"


@pytest.mark.parametrize(("as_of", "said"), [(9, "as of 9: "), ("yesterday", "neither a version nor a moment")])
def test_a_version_that_is_not_there_is_one_sentence(table: Path, as_of: int | str, said: str) -> None:
    with pytest.raises(DataError) as raised:
        open_source(Source(str(table), as_of=as_of))
    assert said in str(raised.value)
    assert raised.value.cure


def test_what_is_written_meanwhile_is_not_read(table: Path) -> None:
    opened = open_source(Source(str(table)))
    deltalake.write_deltalake(table, pl.DataFrame({"id": [99], "kind": ["c"]}), mode="append")
    assert opened.whole().height == 30
    assert sum(batch.height for batch in opened.batches(["id"])) == 30
