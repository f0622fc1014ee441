"""Power that fails at any moment: what was answered under "disk" is in the log, and the log is always readable."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

import pytest
from tests.faults.power import Disk

from mainstay.contract import Contract, Integer
from mainstay.events import EventLog, EventsSettings, Prediction, encode_events
from mainstay.events.read import scan_predictions
from mainstay.events.segments import digest, read_seal
from mainstay.events.syncing import GroupSync
from mainstay.events.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.errors import StoreError
    from mainstay.events import Value

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
CONTRACT = Contract((Integer(name="tenure"),))
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - a sync costs nothing there
SEEDS = 1000
FEW = 60


@dataclass
class Life:
    """What a writer did before the power went."""

    acked: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    wrote: dict[str, str] = field(default_factory=dict)
    """By id the name of the file that was written when it was."""

    def told(self, names: Sequence[str], error: StoreError | None) -> None:
        (self.refused if error else self.acked).update(names)


def line(number: int) -> Prediction:
    features: dict[str, Value] = {"tenure": number}
    return Prediction(
        id=str(number), at=NOW, model="m", version=1, role="champion", score=0.5, prediction="No", decision="none",
        features=features, duration=1,
    )  # fmt: skip


async def live(folder: Path, disk: Disk, dice: Random, durability: Literal["process", "disk"]) -> Life:
    """Write turns until the power goes."""
    settings = EventsSettings(durability=durability, segment_bytes=4096)
    writer = Writer(folder, "w", settings, syncs=False, segments=disk.segments)
    sync, life, made = GroupSync(), Life(), 0
    for _ in range(dice.randint(1, 40)):
        names = [str(made + one) for one in range(dice.randint(1, 4))]
        made += len(names)
        writer.write(encode_events([line(int(name)) for name in names]))
        assert writer.segment is not None
        life.wrote |= dict.fromkeys(names, writer.segment.path.name)
        if durability == "disk":
            sync.after(writer, partial(life.told, names))
        else:
            life.acked.update(names)
        await asyncio.sleep(dice.choice((0, 0, 0.0002, 0.001)))
    acked = life.acked.copy()  # what is told from here on is told after the power went
    (folder.parent / "after" / "predictions").mkdir(parents=True)
    disk.cut(folder.parent / "after" / "predictions")
    await asyncio.sleep(0)
    sync.close()
    writer.close()
    return Life(acked, life.refused, life.wrote)


def check(seed: int, durability: Literal["process", "disk"]) -> tuple[int, int]:
    """Live and lose power once; gives how many were acknowledged, and how many of them are lost."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as workshop:
        folder, dice = Path(workshop) / "before" / "predictions", Random(seed)  # noqa: S311 - no secret
        disk = Disk(seed, dice.choice((0.0, 0.0, 0.2)))
        life = asyncio.run(live(folder, disk, dice, durability))
        log = EventLog(folder.parent / "after")
        found = scan_predictions(log, CONTRACT)
        rows = dict(found.frame.select("id", "f:tenure").iter_rows())
        assert all(name == str(value) and name in life.wrote for name, value in rows.items()), "what nobody wrote"
        lost = life.acked - rows.keys()
        unsealed = {path.name for path in log.segments("predictions") if read_seal(path) is None}
        gone = set(life.wrote.values()) - {path.name for path in log.segments("predictions")}
        assert {life.wrote[name] for name in lost} <= unsealed | gone, "a sealed file lost something"
        assert all(digest(path) == read_seal(path) for path in log.segments("predictions") if path.name not in unsealed)
        log.append("predictions", [line(10**6)])  # and life goes on
        assert scan_predictions(log, CONTRACT).frame.height == len(rows) + 1
        log.close()
        return len(life.acked), len(lost)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(0, SEEDS, 50))
def test_many_power_cuts_lose_nothing_that_was_synced(seed: int) -> None:
    assert sum(check(one, "disk")[1] for one in range(seed, seed + 50)) == 0


def test_a_power_cut_loses_nothing_that_was_synced() -> None:
    found = [check(seed, "disk") for seed in range(FEW)]
    assert [lost for _, lost in found if lost] == []
    assert sum(acked for acked, _ in found) > 10 * FEW


def test_a_power_cut_without_syncs_loses_no_sealed_file() -> None:
    found = [check(seed, "process") for seed in range(FEW)]
    assert sum(lost for _, lost in found) > FEW  # the simulation bites


@pytest.mark.full
@pytest.mark.parametrize("seed", range(0, SEEDS, 50))
def test_many_power_cuts_without_syncs_lose_no_sealed_file(seed: int) -> None:
    for one in range(seed, seed + 50):
        check(one, "process")
