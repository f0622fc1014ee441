"""kill -9 and a failing disk at every system call by which the log is shipped and its tables are looked after.

``python -m tests.faults.shipping ACTION WORKSHOP FAULT STRIDE``, as `tests.faults.points`. After each point the log is
read, and read again after the action was done once more without a fault: each event is there exactly once, both times.
Everything that uses Polars or Delta runs in forked children, so that no thread of theirs is forked.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.apart import mount
from tests.faults.points import points, run

from mainstay.contract import Contract, Number
from mainstay.errors import StoreError
from mainstay.events import EventLog, EventsSettings, Feedback, IdMaker, Prediction
from mainstay.events.read import read_feedback, read_predictions
from mainstay.events.table import care
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=3000)
CONTRACT = Contract((Number(name="charge"),))
_EACH = 3
_DONE, _REFUSED, _KILLED = 0, 3, -9


def log_of(folder: Path) -> EventLog:
    """Open the log of a workshop's folder."""
    return EventLog(folder, EventsSettings(keep_segments="1s"))


def write(folder: Path, rounds: int) -> None:
    """Write some sealed segments of predictions and feedback."""
    make = IdMaker()
    for number in range(rounds):
        log = log_of(folder)
        names = [make() for _ in range(_EACH)]
        log.append("predictions", [_prediction(name, NOW - dt.timedelta(days=number % 2)) for name in names])
        log.append(
            "feedback", [Feedback(id=n, event=make(), model="m", received=NOW, at=NOW, label="Yes") for n in names]
        )
        log.close()


def ship_all(folder: Path) -> None:
    """Ship."""
    ship(log_of(folder), ("predictions", "feedback"), contract_of=lambda _: CONTRACT)


def tend_all(folder: Path) -> None:
    """Look after the tables, so long after that every shipped segment is deleted."""
    care.tend(log_of(folder), LATER, ("predictions", "feedback"))


def counts(folder: Path) -> None:
    """Fail unless each event is there exactly once."""
    wanted = json.loads((folder.parent / "wanted.json").read_text(encoding="utf-8"))
    log = log_of(folder)
    for stream, found in (
        ("predictions", sorted(read_predictions(log, CONTRACT)["id"])),
        ("feedback", sorted(read_feedback(log)["event"])),
    ):
        if found != wanted[stream]:
            raise StoreError(f"{stream}: {len(found)} ({len(set(found))} distinct) of {len(wanted[stream])}.", "")


def note(folder: Path) -> None:
    """Write down what there is to be found."""
    log = log_of(folder)
    wanted = {
        "predictions": sorted(read_predictions(log, CONTRACT)["id"]),
        "feedback": sorted(read_feedback(log)["event"]),
    }
    (folder.parent / "wanted.json").write_text(json.dumps(wanted), encoding="utf-8")


ACTIONS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "ship": (lambda _: None, ship_all),
    "tend": (ship_all, tend_all),
}
"""What is done before, and the action itself."""


def walk(name: str, workshop: Path, fault: str, stride: int) -> Iterator[str]:
    """Try the action with the fault at every point, or each `stride`-th; gives a line for each that went wrong."""
    template, work, trace = workshop / "template", workshop / "work", workshop / "trace"
    before, act = ACTIONS[name]
    for rounds in (1, 2, 2):  # the last two are what the action finds; three commits to look after
        write(template, rounds)
        if rounds == 1 or name == "tend":
            _sure(ship_all, template, trace)
    _sure(before, template, trace)
    _sure(note, template, trace)
    counted = points(act, _copy(template, work), trace)  # type: ignore[arg-type]  # a folder instead of a project
    if fault != "kill":  # by writing, threads wake each other, too: see `full` for writes that fail
        del counted["write"]
    yield str(sum(counted.values()))
    every = [(call, nth) for call, many in sorted(counted.items()) for nth in range(1, many + 1)]
    how = "signal=SIGKILL" if fault == "kill" else f"error={fault}"
    for call, nth in every[::stride]:
        folder = _copy(template, work)
        code, said = _run(act, folder, f"{call}:{how}:when={nth}", trace)
        if code not in {_DONE, _REFUSED, _KILLED}:
            yield f"{call} {nth}: ended with {code}: {said[-900:]}"
        for step, then in (("read", counts), ("again", act), ("read again", counts)):
            code, said = _run(then, folder, "", trace)
            if code != _DONE:
                yield f"{call} {nth}: {step}: {said[-900:]}"


def _run(act: Callable[[Path], None], folder: Path, inject: str, trace: Path) -> tuple[int, str]:
    return run(act, folder, inject, trace)  # type: ignore[arg-type]  # a folder instead of a project


def _sure(act: Callable[[Path], None], folder: Path, trace: Path) -> None:
    code, said = _run(act, folder, "", trace)
    if code != _DONE:
        raise RuntimeError(said)


def _copy(template: Path, work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(template, work)
    return work


def _prediction(name: str, at: dt.datetime) -> Prediction:
    return Prediction(
        id=name, at=at, model="m", version=1, role="champion", score=0.5, prediction="No", decision="none",
        features={"charge": 1.5},
    )  # fmt: skip


def full(workshop: str) -> None:
    """Ship to a disk that is full, and again when it isn't; in a mount namespace of its own."""
    folder, disk = Path(workshop) / "events", Path(workshop) / "disk"
    disk.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", "size=64k", "none", str(disk))
    write(folder, 2)
    log = EventLog(folder, EventsSettings(table=str(disk / "table")))
    (disk / "filler").write_bytes(bytes(60_000))
    refused, rows = "", []
    try:
        ship(log, ("predictions",), contract_of=lambda _: CONTRACT)
    except StoreError as error:
        refused = str(error)
    rows.append(read_predictions(log, CONTRACT).height)
    (disk / "filler").unlink()
    rows.append(ship(log, ("predictions",), contract_of=lambda _: CONTRACT).rows)
    rows.append(read_predictions(log, CONTRACT).height)
    print(json.dumps({"refused": refused, "rows": rows}))  # noqa: T201 - read by the test


def main(name: str, workshop: str, fault: str, stride: str) -> None:
    """Walk, and say what was found."""
    place = Path(workshop)
    place.mkdir(parents=True, exist_ok=True)
    found = walk(name, place, fault, int(stride))
    print(json.dumps({"points": int(next(found)), "wrong": list(found)}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    full(sys.argv[2]) if sys.argv[1] == "full" else main(*sys.argv[1:])
