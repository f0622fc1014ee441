"""``python -m tests.faults.full_log WORKSHOP DURABILITY POLICY``: a server whose log fills its disk of 8 MB.

Prints one JSON object: what was answered before, while and after the disk was full, and what the log holds in the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.apart import mount

from mainstay.events import EventLog, Prediction, tail
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    counted,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from mainstay.serving.testing import Got

_ASKED = 60
_BLOCK = 64 * 1024


def main(workshop: str, durability: str, policy: str) -> None:
    """Fill the disk under a server, and make room again."""
    disk = Path(workshop) / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "none", str(disk))
    project = tiny_project(disk, more=f'[events]\ndurability = "{durability}"\nwhen_full = "{policy}"\n')
    release_now(project, register_model(project, TINY_MODEL))
    acked: Counter[str] = Counter()
    with TestServer.start(project) as server:
        server.wait("/readyz")
        found: dict[str, object] = {"before": _ask(server, acked)}
        _fill(disk / "filler")
        found["full"], found["ready"], found["said"] = _while_full(server, acked, policy)
        (disk / "filler").unlink()
        begun = time.monotonic()
        server.wait("/readyz")
        while (got := _one(server, acked)).status != 200 and time.monotonic() < begun + 20:
            pass
        found["seconds"] = time.monotonic() - begun
        found["after"] = got.status
        found["again"] = _ask(server, acked)
        lost = counted(server.get("/metrics").body, "mainstay_events_lost_total", stream="predictions")
        found["code"] = server.terminate()
        found["server"] = server.said()[-3000:]
    events = tail(EventLog(project.books / "events"), 10**6, ("predictions",))
    logged = Counter(event.id for event in events if isinstance(event, Prediction))
    found |= {
        "lost": lost,
        "missing": len(acked.keys() - logged.keys()),
        "twice": sum(many > 1 for many in logged.values()),
    }
    print(json.dumps(found))  # noqa: T201 - read by the test


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(_BLOCK))
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1))


def _while_full(server: TestServer, acked: Counter[str], policy: str) -> tuple[list[int], int, str]:
    """Ask until the disk is seen to be full, and then some more."""
    statuses: list[int] = []
    end = time.monotonic() + 20
    said = ""
    while not said and time.monotonic() < end:
        statuses.append(_one(server, acked).status)
        said = str(server.get("/readyz").json["models"]["churn"].get("detail", ""))
    full = [_one(server, acked).status for _ in range(_ASKED)]
    if policy == "refuse":
        statuses = full
    return statuses + full, server.get("/readyz").status, said


def _one(server: TestServer, acked: Counter[str]) -> Got:
    got = server.post("/predict", GOOD_RECORD)
    if got.status == 200:
        acked[got.json["id"]] += 1
    return got


def _ask(server: TestServer, acked: Counter[str]) -> list[int]:
    return [_one(server, acked).status for _ in range(_ASKED)]


if __name__ == "__main__":
    main(*sys.argv[1:])
