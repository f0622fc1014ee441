"""The n-th system call of a server's log fails: what was acknowledged is in the log, and the log goes on.

``python -m tests.faults.log_points WORKSHOP DURABILITY ERROR STRIDE TURNS`` writes some turns as a server does, in a
child that ``strace`` has hold of, once for each n-th write, sync and opening that fails with the error (or each
`stride`-th of them). The child acknowledges into memory that it shares with its parent, so that a lost system call
loses no acknowledgement. With ``kill`` instead of an error the child is killed there. Prints one JSON object: how many
points there were, and what went wrong at which.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import mmap
import re
import shutil
import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.points import run
from tests.faults.sound import complaints

from mainstay.contract import Contract, Integer
from mainstay.errors import StoreError
from mainstay.events import EventLog, EventsSettings, IdMaker, Prediction, behind, encode_events
from mainstay.events.read import scan_predictions
from mainstay.events.segments import digest, read_seal, seal
from mainstay.serving.streams import Streams
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.actions import Act

    from mainstay.project import Project

CALLS = ("write", "fdatasync", "openat")
KILLED = (*CALLS, "fsync", "rename", "unlink", "ftruncate")
EACH = 3  # lines of a turn
MOST = 200
_CONTRACT = Contract((Integer(name="tenure"),))
_COUNTED = re.compile(r"^(\d+) +(\w+)\(")
_ACKED, _REFUSED = 1, 2
_LOST = 4095  # where the number of lost events is counted, in the shared memory


def serve(shared: mmap.mmap, durability: str, turns: int, project: Project) -> None:
    """Write turns as a server does, and acknowledge what may go out."""
    behind._GATHER = 0.0  # many writes, not one
    settings = EventsSettings(durability=durability, segment_bytes=4096)  # type: ignore[arg-type]  # our own words
    streams = Streams(EventLog(project.books / "events", settings), "churn", IdMaker())
    asyncio.run(_turns(shared, streams, turns))


async def _turns(shared: mmap.mmap, streams: Streams, turns: int) -> None:
    streams.lose = lambda _, events: shared.__setitem__(_LOST, shared[_LOST] + events)
    for turn in range(turns):
        names = range(turn * EACH, (turn + 1) * EACH)
        try:
            streams.write("predictions", encode_events([_prediction(name) for name in names]))
        except StoreError:
            _tell(shared, names, StoreError("It is refused.", ""))
        else:
            if streams.waits("predictions"):
                streams.when_synced("predictions", partial(_tell, shared, names))
            else:
                _tell(shared, names, None)
        await asyncio.sleep(0.0002)
        if turn % 20 == 0:
            streams.look()
    while streams.waits("predictions") and not all(shared[: turns * EACH]):  # noqa: ASYNC110 - memory has no event
        await asyncio.sleep(0.001)
    streams.close()


def _tell(shared: mmap.mmap, names: range, error: StoreError | None) -> None:
    for name in names:
        shared[name] = _REFUSED if error else _ACKED


def _prediction(name: int) -> Prediction:
    return Prediction(
        id=str(name), at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC), model="churn", version=1, role="champion", score=0.5,
        prediction="No", decision="none", features={"tenure": name}, duration=1,
    )  # fmt: skip


def walk(workshop: Path, durability: str, error: str, stride: int, turns: int) -> Iterator[str]:
    """Fail at every point, or each `stride`-th; gives first how many, then a line for each that went wrong."""
    project = tiny_project(workshop)
    (project.root / "contract.toml").write_text('[tenure]\ntype = "integer"\n', encoding="utf-8")
    release_now(project, register_model(project, TINY_MODEL))
    log, shared = workshop / "strace", mmap.mmap(-1, 4096)
    asyncio.run(_turns(shared, Streams(EventLog(workshop / "warm"), "churn", IdMaker()), turns))
    act = partial(serve, shared, durability, turns)
    kinds, how = (KILLED, "signal=SIGKILL") if error == "kill" else (CALLS, f"error={error}")
    counted = _count(project, shared, act, log)
    points = [(call, nth) for call in kinds for nth in range(1, min(counted[call], MOST) + 1)][::stride]
    yield str(len(points))
    for call, nth in points:
        shutil.rmtree(project.books / "events")
        shared[:] = bytes(len(shared))
        code, said = run(act, project, f"{call}:{how}:when={nth}", log, kinds)
        if code != (-signal.SIGKILL if error == "kill" else 0):
            yield f"{call} {nth}: ended with {code}: {said[-800:]}"
        yield from (f"{call} {nth}: {wrong}" for wrong in _wrong(project, shared[: turns * EACH], shared[_LOST], error))


def _count(project: Project, shared: mmap.mmap, act: Act, log: Path) -> Counter[str]:
    """Count the calls of each kind that one thread makes where nothing goes wrong: faults are counted by thread."""
    code, said = run(act, project, "", log, KILLED)
    if code or set(shared[:_LOST]) != {0, _ACKED}:
        raise RuntimeError(f"It fails by itself: {said}")
    found = [match.groups() for line in log.read_text().splitlines() if (match := _COUNTED.match(line))]
    most: Counter[str] = Counter()
    for (_, call), many in Counter(found).items():
        most[str(call)] = max(most[str(call)], many)
    return most


def _wrong(project: Project, told: bytes, lost: int, error: str) -> Iterator[str]:
    log = EventLog(project.books / "events")
    found = scan_predictions(log, _CONTRACT)
    names = found.frame["id"].to_list()
    acked = {str(name) for name, word in enumerate(told) if word == _ACKED}
    if len(acked - set(names)) != lost:
        yield f"{sorted(acked - set(names), key=int)} are lost, and {lost} are said to be"
    if len(set(names)) != len(names):
        yield "something is in the log twice"
    if found.torn:
        yield f"{found.torn} lines are torn"
    if error == "kill":
        yield from _left(log, len(names))
    else:
        yield from _told(told, len(acked), error)
    yield from _files(log)
    log.append("predictions", [_prediction(10**6)])
    log.close()
    if str(10**6) not in scan_predictions(log, _CONTRACT).frame["id"]:
        yield "the log doesn't go on"
    yield from complaints(project)


def _told(told: bytes, acked: int, error: str) -> Iterator[str]:
    if 0 in told:
        yield "somebody was never told"
    if error == "EINTR" and acked != len(told):
        yield "an interrupted call is no failure"
    if acked < len(told) // 2:
        yield f"one failure refused {len(told) - acked}"


def _left(log: EventLog, read: int) -> Iterator[str]:
    """Seal what a killed one left, as whoever finds it does."""
    seals = [seal(path) for path in log.segments("predictions")]
    if sum(one.lines for one in seals) != read:
        yield f"seals tell of {sum(one.lines for one in seals)} lines, and {read} are read"


def _files(log: EventLog) -> Iterator[str]:
    folder = log.root / "predictions"
    yield from (f"left behind: {path.name}" for path in folder.iterdir() if path.suffix not in {".jsonl", ".seal"})
    for path in log.segments("predictions"):
        if (sealed := read_seal(path)) is not None and sealed != digest(path):
            yield f"not what was sealed: {path.name}"


def main(workshop: str, durability: str, error: str, stride: str, turns: str) -> None:
    """Walk, and say what was found."""
    place = Path(workshop)
    place.mkdir(parents=True, exist_ok=True)
    found = walk(place, durability, error, int(stride), int(turns))
    print(json.dumps({"points": int(next(found)), "wrong": list(found)}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
