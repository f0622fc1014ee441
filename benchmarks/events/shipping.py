"""How fast segments are shipped, beside parsing the same lines with msgspec and one raw write of them.

The plain way decodes every line into typed objects, makes columns of them, and writes them as the shipper does
(partitions, compression), in one commit. The shipper does the rest, too: it checks each line's checksum, proves that
its fields fit the columns, and looks for what the table holds already. What the plain way costs without making columns
is told, and held to nothing: nobody can write rows that aren't columns.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from statistics import median
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from deltalake import write_deltalake
from serving.ours import CONTRACT
from serving.work import KINDS, NUMBERS, VALUES

from events.bars import Bar, Part
from mainstay.events import EventLog, IdMaker, Prediction, encode_events
from mainstay.events.table.schemas import DATE
from mainstay.events.table.shipping import PROPERTIES, ship

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BATCH = 1000
_decode = msgspec.json.Decoder(Prediction).decode


def measure(folder: Path, predictions: int, rounds: int, tell: Callable[[str], None]) -> Part:
    """Ship the same segments into new tables, round after round, the minimum in between."""
    lines = list(_lines(predictions))
    size = sum(map(len, lines))
    shipped: list[float] = []
    parsed: list[float] = []
    made: list[float] = []
    written: list[float] = []
    for number in range(rounds):
        root = folder / f"ship-{number}"
        log = _filled(root, lines)
        begun = time.perf_counter()
        done = ship(log, ("predictions",), contract_of=lambda _: CONTRACT)
        shipped.append(time.perf_counter() - begun)
        if done.rows != predictions or done.damaged:
            raise SystemExit(f"{done} of {predictions} predictions")
        events, spent = _parse(log)
        parsed.append(spent)
        frame, spent = _columns(events)
        made.append(spent)
        written.append(_write(frame, folder / f"raw-{number}"))
        shutil.rmtree(root)
        shutil.rmtree(folder / f"raw-{number}")
        tell(f"ship round {number + 1}: {shipped[-1]:.2f} s; plainly {parsed[-1] + made[-1] + written[-1]:.2f} s")
    plain = [sum(each) for each in zip(parsed, made, written, strict=True)]
    share = median(bare / whole for bare, whole in zip(plain, shipped, strict=True))
    rows = tuple(
        (name, f"{median(each):.2f}", f"{predictions / median(each):,.0f}", f"{size / median(each) / 1e6:.0f}")
        for name, each in (
            ("mainstay ships", shipped),
            ("msgspec, columns and one raw write", plain),
            ("- msgspec decodes each line", parsed),
            ("- columns of what it gave", made),
            ("- one raw write_deltalake", written),
        )
    )
    return Part(
        f"Shipping {predictions:,} predictions of 20 features ({size / 1e6:.0f} MB of lines)",
        ("what", "seconds", "predictions a second", "MB a second"),
        rows,
        (Bar("ship rate, of msgspec, columns and one raw write", share, 0.7),),
        f"Medians of {rounds} rounds.",
    )


def _lines(predictions: int) -> Iterator[bytes]:
    make, begun = IdMaker(), dt.datetime.now(dt.UTC)
    for start in range(0, predictions, _BATCH):
        yield encode_events(
            [_prediction(make(), begun + dt.timedelta(milliseconds=at), at) for at in range(start, start + _BATCH)]
        )


def _prediction(name: str, at: dt.datetime, place: int) -> Prediction:
    numbers = {each: round((place * 7919 + 13 * slot) % 10_007 / 1000 - 5, 4) for slot, each in enumerate(NUMBERS)}
    kinds = {each: VALUES[(place + slot) % len(VALUES)] for slot, each in enumerate(KINDS)}
    score = (place * 31 % 997) / 997
    return Prediction(
        id=name,
        at=at,
        model="churn",
        version=1,
        role="champion",
        score=score,
        prediction="1" if score > 0.5 else "0",
        decision="offer" if score > 0.3 else "none",
        features={**numbers, **kinds},
        duration=20_000 + place % 5000,
    )


def _filled(root: Path, lines: list[bytes]) -> EventLog:
    log = EventLog(root)
    writer = log.writer("predictions")
    for some in lines:
        writer.append(some)
    writer.close()
    return log


def _parse(log: EventLog) -> tuple[list[Prediction], float]:
    content = [path.read_bytes() for path in log.segments("predictions")]
    begun = time.perf_counter()
    events = [_decode(line) for some in content for line in some.splitlines()]
    return events, time.perf_counter() - begun


def _columns(events: list[Prediction]) -> tuple[pl.DataFrame, float]:
    begun = time.perf_counter()
    # What is empty in all of them has no type that Delta knows.
    frame = pl.DataFrame(list(map(msgspec.structs.asdict, events)), infer_schema_length=1)
    frame = frame.select(each for each in frame.get_columns() if each.dtype not in (pl.Null, pl.List(pl.Null)))
    return frame.with_columns(pl.col("at").dt.date().alias(DATE)), time.perf_counter() - begun


def _write(frame: pl.DataFrame, place: Path) -> float:
    begun = time.perf_counter()
    write_deltalake(str(place), frame, partition_by=[DATE], writer_properties=PROPERTIES)
    return time.perf_counter() - begun
