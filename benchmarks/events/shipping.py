"""How fast segments are shipped, beside the least it could cost: the same lines parsed, made columns, written raw.

The least decodes the same files with msgspec into dicts, makes columns of them, and writes them with one plain
`write_deltalake`. The shipper does the rest, too: it checks each line's checksum, proves that each line fits the
contract's columns, looks for what the table holds already, and commits exactly once. Stricter, and beside it: the same
without what making columns takes, as though rows came as columns.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import polars as pl
from deltalake import write_deltalake
from serving.ours import CONTRACT
from serving.work import KINDS, NUMBERS, VALUES

from events.bars import Bar, Part
from mainstay.events import EventLog, IdMaker, Prediction, encode_events
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_BATCH = 1000
_decode_lines = msgspec.json.Decoder(dict[str, object]).decode_lines


def measure(folder: Path, predictions: int, rounds: int, tell: Callable[[str], None]) -> Part:
    """Ship the same segments into new tables, round after round, the least in between."""
    lines = list(lines_of(predictions))
    size = sum(map(len, lines))
    shipped: list[float] = []
    least: list[_Least] = []
    for number in range(rounds):
        root, raw = folder / f"ship-{number}", folder / f"raw-{number}"
        log = _filled(root, lines)
        begun = time.perf_counter()
        done = ship(log, ("predictions",), contract_of=lambda _: CONTRACT)
        shipped.append(time.perf_counter() - begun)
        if done.rows != predictions or done.damaged:
            raise SystemExit(f"{done} of {predictions} predictions")
        least.append(_plainly(log, raw))
        shutil.rmtree(root)
        shutil.rmtree(raw)
        tell(f"ship round {number + 1}: {shipped[-1]:.2f} s; the least {least[-1].whole:.2f} s")
    rows = tuple(
        (name, f"{median(each):.2f}", f"{predictions / median(each):,.0f}", f"{size / median(each) / 1e6:.0f}")
        for name, each in (
            ("mainstay ships", shipped),
            ("msgspec, columns, one raw write", [each.whole for each in least]),
            ("- msgspec decodes each line", [each.parsed for each in least]),
            ("- columns of dicts", [each.columns for each in least]),
            ("- one raw write_deltalake", [each.written for each in least]),
        )
    )
    pairs = list(zip(least, shipped, strict=True))
    strict = median((each.whole - each.columns) / whole for each, whole in pairs)
    return Part(
        f"Shipping {predictions:,} predictions of 20 features ({size / 1e6:.0f} MB of lines)",
        ("what", "seconds", "predictions a second", "MB a second"),
        rows,
        (Bar("ship rate, of msgspec, columns and one raw write", median(e.whole / w for e, w in pairs), 0.7),),
        f"Medians of {rounds} rounds. Without what making columns takes, the rate is {strict:.2f} of the least's.",
    )


class _Least(NamedTuple):
    """Seconds."""

    parsed: float
    columns: float
    written: float

    @property
    def whole(self) -> float:
        return sum(self)


def _plainly(log: EventLog, table: Path) -> _Least:
    content = [path.read_bytes() for path in log.segments("predictions")]
    begun = time.perf_counter()
    lines = [line for some in content for line in _decode_lines(some)]
    parsed = time.perf_counter()
    frame = pl.DataFrame(lines, infer_schema_length=100)
    made = time.perf_counter()
    write_deltalake(str(table), frame)
    return _Least(parsed - begun, made - parsed, time.perf_counter() - made)


def lines_of(predictions: int, begun: dt.datetime | None = None) -> Iterator[bytes]:
    """Encode predictions, one a millisecond, as many in a write as a busy worker has."""
    make, begun = IdMaker(), begun or dt.datetime.now(dt.UTC)
    for start in range(0, predictions, _BATCH):
        some = range(start, min(start + _BATCH, predictions))
        yield encode_events([_prediction(make(), begun + dt.timedelta(milliseconds=at), at) for at in some])


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


def _filled(root: Path, lines: Iterable[bytes]) -> EventLog:
    log = EventLog(root)
    fill(log, lines)
    return log


def fill(log: EventLog, lines: Iterable[bytes]) -> None:
    """Write lines into a segment, and seal it."""
    writer = log.writer("predictions")
    for some in lines:
        writer.append(some)
    writer.close()
