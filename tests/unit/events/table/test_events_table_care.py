"""The tables stay few and large files, and hold nothing that is older than it should be."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import polars as pl
from deltalake import DeltaTable

from mainstay.events import EventLog, EventsSettings
from mainstay.events.read import read_predictions
from mainstay.events.table import care, shipped
from mainstay.events.table.care import tend
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from mainstay.contract import Contract
    from mainstay.events import Prediction

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def fill(log: EventLog, contract: Contract, made: Callable[..., Prediction], times: list[dt.datetime]) -> None:
    """Ship each prediction with a commit of its own."""
    for at in times:
        log.append("predictions", [made(at=at)])
        log.close()
        ship(log, ("predictions",), contract_of=lambda _: contract)


def files(log: EventLog) -> int:
    return len(DeltaTable(log.root / "table/predictions").file_uris())


def on_disk(log: EventLog) -> int:
    return len(list((log.root / "table/predictions").glob("date=*/*.parquet")))


def test_days_that_are_over_become_one_file(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(log, contract, prediction, [NOW - DAY * (number % 2) for number in range(8)])
    before = read_predictions(log, contract).sort("id")
    assert tend(log, NOW).compacted == 4
    assert files(log) == 5
    assert read_predictions(log, contract).sort("id").equals(before)
    assert tend(log, NOW).compacted == 0
    monkeypatch.setattr(care, "MANY", 3)
    assert tend(log, NOW).compacted == 4
    assert files(log) == 2
    assert on_disk(log) == 10  # who reads an older snapshot just now still can
    monkeypatch.setattr(care, "KEEPS", dt.timedelta())
    table = DeltaTable(log.root / "table/predictions")
    assert care.vacuum(table, dt.timedelta()) == 8
    assert on_disk(log) == 2
    assert read_predictions(log, contract).sort("id").equals(before)


def test_what_a_killed_writer_left_is_removed(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    fill(log, contract, prediction, [NOW])
    orphan = log.root / "table/predictions/date=2026-11-22/part-0-orphan.snappy.parquet"
    orphan.write_bytes(b"half")
    tend(log, NOW)
    assert orphan.exists()  # it may belong to a commit that is on its way
    old = orphan.stat().st_mtime - 2 * 86400
    os.utime(orphan, (old, old))
    assert tend(log, NOW).vacuumed == 1
    assert not orphan.exists()


def test_segments_stay_as_long_as_said_after_they_were_shipped(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    fill(log, contract, prediction, [NOW, NOW])
    now = dt.datetime.now(dt.UTC)
    assert tend(log, now + 6 * DAY).removed == 0
    log.append("predictions", [prediction()])
    log.close()
    assert tend(log, now + 8 * DAY).removed == 2
    assert len(log.segments("predictions")) == 1  # it isn't in the table
    assert not list((log.root / "predictions").glob("*.seal"))[1:]
    assert (log.root / "predictions" / shipped.FILE).read_text() == ""
    assert read_predictions(log, contract).height == 3


def test_a_memory_that_is_wrong_deletes_nothing(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    fill(log, contract, prediction, [NOW])
    log.append("predictions", [prediction()])
    log.close()
    table = DeltaTable(log.root / "table/predictions")
    shipped.remember(log, "predictions", table, [log.segments("predictions")[1].name])
    assert tend(log, dt.datetime.now(dt.UTC) + 8 * DAY).removed == 1
    assert len(log.segments("predictions")) == 1


def test_days_older_than_keep_are_deleted(
    tmp_path: Path, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    log = EventLog(tmp_path / "events", EventsSettings(keep="30d", keep_segments="1s"))
    fill(log, contract, prediction, [NOW - 40 * DAY, NOW - 31 * DAY, NOW - 30 * DAY, NOW])
    done = tend(log, NOW)
    assert (done.expired, tend(log, NOW).expired) == (2, 0)
    kept = pl.read_delta(str(log.root / "table/predictions"))["time"]
    assert sorted(kept) == [NOW - 30 * DAY, NOW]


def test_many_small_commits_leave_few_files_and_a_short_log(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(log, contract, prediction, [NOW - DAY + dt.timedelta(seconds=number) for number in range(42)])
    monkeypatch.setattr(care, "KEEPS", dt.timedelta())
    tend(log, NOW)
    assert files(log) == 1
    checkpoints = list((log.root / "table/predictions/_delta_log").glob("*.checkpoint.parquet"))
    assert checkpoints
    newest = max(int(path.name.split(".")[0]) for path in checkpoints)
    assert DeltaTable(log.root / "table/predictions").version() - newest <= 1  # little is read to load it
    assert read_predictions(log, contract).height == 42
