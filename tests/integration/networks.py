"""Shippers on several machines, each in a network namespace of its own, and an object store that all of them reach.

``python -m tests.integration.networks WORKSHOP MACHINES ROUNDS`` in namespaces of its own (``unshare --net --mount``),
so that nothing is left of the networks when it ends. Two shippers run on each machine. Prints what came of it as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

STORE, PORT = "10.77.0.1", 9000
BUCKET = "s3://log/churn"


def command(*words: str) -> None:
    """Run something that must work."""
    subprocess.run(words, check=True, capture_output=True)


def connect(machines: int) -> None:
    """Make a bridge, and a namespace for each machine on it."""
    command("mount", "-t", "tmpfs", "none", "/run")  # names of namespaces live below it
    command("ip", "link", "set", "lo", "up")
    command("ip", "link", "add", "bridge0", "type", "bridge")
    command("ip", "address", "add", f"{STORE}/24", "dev", "bridge0")
    command("ip", "link", "set", "bridge0", "up")
    for number in range(machines):
        name, inside, outside = f"m{number}", f"in{number}", f"out{number}"
        command("ip", "netns", "add", name)
        command("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        command("ip", "link", "set", outside, "master", "bridge0", "up")
        command("ip", "-n", name, "address", "add", f"10.77.0.{number + 2}/24", "dev", inside)
        command("ip", "-n", name, "link", "set", inside, "up")


def machine(folder: str, number: str, rounds: str) -> None:
    """Write events and ship them, a round at a time; every other round brings a feature that nobody had."""
    from mainstay.contract import Contract, Number  # noqa: PLC0415 - in a machine's own process
    from mainstay.events import EventLog, EventsSettings, IdMaker, Prediction  # noqa: PLC0415
    from mainstay.events.table.shipping import Shipped, ship  # noqa: PLC0415

    log, make = EventLog(Path(folder), EventsSettings(table=BUCKET)), IdMaker()
    shipped, names = Shipped(), []
    for turn in range(int(rounds)):
        version = int(number) * 100 + turn // 2
        names += [make() for _ in range(3)]
        now = dt.datetime.now(dt.UTC)
        log.append(
            "predictions",
            [
                Prediction(
                    id=name, at=now, model="churn", version=version, role="champion", score=0.5, prediction="No",
                    decision="none", features={"charge": 1.5, f"new{version}": 2.5},
                )
                for name in names[-3:]
            ],
        )  # fmt: skip
        log.close()
        described = Contract((Number(name="charge"), Number(name=f"new{version}")))
        shipped += ship(log, ("predictions",), contract_of=lambda _, it=described: it)  # type: ignore[misc]
    print(json.dumps({"names": names, "segments": shipped.segments, "rows": shipped.rows}))  # noqa: T201


def read(folder: str) -> None:
    """Read what every machine shipped, on one that has no segments of its own."""
    from mainstay.contract import Contract, Number  # noqa: PLC0415 - in a machine's own process
    from mainstay.events import EventLog, EventsSettings  # noqa: PLC0415
    from mainstay.events.read import read_predictions  # noqa: PLC0415

    log = EventLog(Path(folder), EventsSettings(table=BUCKET))
    frame = read_predictions(log, Contract((Number(name="charge"),)))
    print(json.dumps({"names": frame["id"].to_list(), "charge": frame["f:charge"].sum()}))  # noqa: T201


def main(workshop: str, machines: str, rounds: str) -> None:
    """Set up, ship from everywhere at once, and read."""
    count = int(machines)
    connect(count)
    store = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", STORE, "-p", str(PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait()
        url = f"http://{STORE}:{PORT}"
        urllib.request.urlopen(urllib.request.Request(f"{url}/log", method="PUT"), timeout=10).close()  # noqa: S310
        os.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        shippers = [
            _inside(number, "machine", f"{workshop}/{number}", str(2 * number + twin), rounds)
            for number in range(count)
            for twin in range(2)
        ]
        done = [_said(each) for each in shippers]
        found = _said(_inside(0, "read", f"{workshop}/reader"))
    finally:
        store.kill()
        store.wait()
    print(json.dumps({"shippers": done, "read": found}))  # noqa: T201 - read by the test


def _wait() -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection((STORE, PORT), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the store doesn't start")


def _inside(number: int, *words: str) -> subprocess.Popen[str]:
    command = ["ip", "netns", "exec", f"m{number}", sys.executable, "-m", "tests.integration.networks", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _said(process: subprocess.Popen[str]) -> dict[str, object]:
    out, error = process.communicate(timeout=300)
    if process.returncode:
        raise RuntimeError(error[-3000:])
    found: dict[str, object] = json.loads(out)
    return found


if __name__ == "__main__":
    if sys.argv[1] == "machine":
        machine(*sys.argv[2:])
    elif sys.argv[1] == "read":
        read(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
