"""What shipping costs beside the least it could cost, and that many small segments leave the log quick to read.

    python benchmarks/events_ship.py [--rows 400000] [--commits 1000]

Shipping verifies checksums, proves that each line fits its columns, commits exactly once. Beside it, in the same run:
the same lines parsed with msgspec into typed objects, made columns, and one raw `write_deltalake`. The rate has to be
at least 0.7 of that.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from deltalake import DeltaTable, write_deltalake

from mainstay.contract import Category, Contract, Number
from mainstay.events import EventLog, EventsSettings, IdMaker, Prediction, Value
from mainstay.events.read import read_predictions
from mainstay.events.table.care import tend
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = Contract(
    (*(Number(name=f"n{i}") for i in range(14)), *(Category(name=f"c{i}", values=("a", "b")) for i in range(6)))
)
TURNS = 3


def fill(log: EventLog, rows: int, each: int = 1000, at: dt.datetime | None = None) -> None:
    """Write predictions of 20 features, as a worker does."""
    make = IdMaker()
    features: dict[str, Value] = {f"n{i}": i / 7 for i in range(14)} | {f"c{i}": "a" for i in range(6)}
    for start in range(0, rows, each):
        now = at or dt.datetime.now(dt.UTC)
        log.append(
            "predictions",
            [
                Prediction(
                    id=make(), at=now, model="churn", version=1, role="champion", score=0.25, prediction="No",
                    decision="none", features=features, duration=21_000, entity="f0c905ff6aeb7d527da87c55da2dcd05",
                )
                for _ in range(min(each, rows - start))
            ],
        )  # fmt: skip
    log.close()


def plainly(paths: tuple[Path, ...], table: Path) -> None:
    """Parse lines into dicts with msgspec, and write them raw: no checksum, no proof, no transaction."""
    decoder = msgspec.json.Decoder(dict[str, object])
    lines = [each for path in paths for each in decoder.decode_lines(path.read_bytes())]
    write_deltalake(table, pl.DataFrame(lines, infer_schema_length=100))


def rates(rows: int) -> tuple[float, float]:
    """Give rows a second of shipping, and of the raw write; the median of a few turns, one after the other each."""
    shipped, raw = [], []
    for turn in range(TURNS):
        with tempfile.TemporaryDirectory() as name:
            log = EventLog(Path(name) / "events")
            fill(log, rows)
            paths = log.segments("predictions")
            takes: list[tuple[list[float], Callable[[], object]]] = [
                (shipped, lambda log=log: ship(log, ("predictions",), contract_of=lambda _: CONTRACT)),  # type: ignore[misc]
                (raw, lambda paths=paths, name=name: plainly(paths, Path(name) / "raw")),  # type: ignore[misc]
            ]
            for found, act in takes if turn % 2 else reversed(takes):
                begun = time.perf_counter()
                act()
                found.append(rows / (time.perf_counter() - begun))
            assert read_predictions(log, CONTRACT).height == rows
    return statistics.median(shipped), statistics.median(raw)


def ship_ratio(rows: int = 400_000) -> float:
    """Give the rate of shipping as a share of the raw write's."""
    shipped, raw = rates(rows)
    return shipped / raw


def growth(commits: int) -> None:
    """Ship many small segments, a commit each, and look after the table now and then, as a day does."""
    with tempfile.TemporaryDirectory() as name:
        log = EventLog(Path(name) / "events", EventsSettings(keep_segments="1s"))
        begun = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
        took = []
        for number in range(1, commits + 1):
            at = begun + dt.timedelta(days=30 * number / commits)
            fill(log, 10, at=at)
            start = time.perf_counter()
            ship(log, ("predictions",), contract_of=lambda _: CONTRACT)
            took.append(1000 * (time.perf_counter() - start))
            if number % max(1, commits // 30) == 0:  # once for each day that the events say
                tend(log, at + dt.timedelta(days=1), ("predictions",))
            if number % max(1, commits // 10) == 0:
                table = DeltaTable(log.root / "table/predictions")
                start = time.perf_counter()
                height = read_predictions(log, CONTRACT, columns=["id", "score"]).height
                read = 1000 * (time.perf_counter() - start)
                assert height == 10 * number
                inside = len(list((log.root / "table/predictions/_delta_log").iterdir()))
                recent = statistics.median(took[-20:])
                print(f"| {number} | {len(table.file_uris())} | {inside} | {recent:.0f} | {read:.0f} |", flush=True)


def main(rows: int, commits: int) -> None:
    """Measure, and print tables."""
    shipped, raw = rates(rows)
    print(f"| {rows} predictions of 20 features | rows/s |\n|---|---:|")
    print(
        f"| shipped | {shipped:,.0f} |\n| msgspec and one raw write | {raw:,.0f} |\n| ratio | {shipped / raw:.2f} |\n"
    )
    print("| commits | files | files of the table's log | ship, ms | read all, ms |\n|---:|---:|---:|---:|---:|")
    growth(commits)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--commits", type=int, default=1000)
    given = parser.parse_args()
    main(given.rows, given.commits)
