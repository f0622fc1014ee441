"""What a server does when three times as much comes as it can answer, with a model that costs 5 ms a record.

    python benchmarks/overload.py [--seconds 10] [--out results]

Two models: one computes in Python, which keeps the interpreter from everything else; one waits, as for another
process. Nothing is gained by asking several records in one call, so the server can do 200 requests a second at most and
the client isn't starved. First the client asks alone (unloaded), then over a few connections (the peak), then in an
open loop at multiples of the peak, each begun two seconds before it counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from overload.client import Client
from overload.figures import Figures

from mainstay.models.columns import Columns
from mainstay.models.features.code import FeatureCode
from mainstay.models.frameworks.function import adopt_code
from mainstay.registry.trust import trust_model
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_TASK,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/models/churn/predict"
MODELS = {
    "computes": "end = time.thread_time() + 0.005\n        while time.thread_time() < end:\n            pass",
    "waits": "time.sleep(0.005)",
}
CODE = """
import time
import numpy as np

def predict(columns):
    n = len(columns["tenure"])
    for _ in range(n):
        {cost}
    return np.full(n, 0.7)
"""
COLUMNS = ("load", "sent /s", "answered /s", "of the peak", "p50 / p99", "x unloaded", "refused /s",
           "refusal p99 / max", "failed", "client late")  # fmt: skip
LOADS = (0.5, 1.0, 3.0, 10.0)
_FEW = (1, 2, 3)  # connections, among which the peak is looked for
_BEFORE = 2.0  # seconds until a load counts
_GOODPUT, _REFUSED_MS, _SLOWER = 0.8, 50.0, 5.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one model's server did."""

    model: str
    unloaded: Figures
    peak: float
    loads: tuple[Figures, ...]

    def bars(self) -> Iterator[tuple[str, float, float, bool]]:
        """Judge three times the peak: what, measured, asked for, whether it holds."""
        three = next(one for one in self.loads if one.load == "3 x")
        kept, slower = three.answered / self.peak, three.p99 / self.unloaded.p99
        yield "goodput at 3x, of the peak", kept, _GOODPUT, kept >= _GOODPUT
        yield "refused at 3x, p99 in ms", three.refusal_p99, _REFUSED_MS, three.refusal_p99 <= _REFUSED_MS
        yield "p99 of the accepted at 3x, of the unloaded", slower, _SLOWER, slower <= _SLOWER
        failed = sum(one.failed for one in (self.unloaded, *self.loads))
        yield "neither answered nor told to come back", failed, 0, failed == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--out", type=Path, help="folder to keep overload.json in")
    given = parser.parse_args()
    results = [measure(name, given.seconds) for name in given.names or MODELS]
    for result in results:
        print(page(result))
    if given.out:
        (given.out / "overload.json").write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def measure(name: str, seconds: float) -> Result:
    """Bring up a server, and ask it."""
    with tempfile.TemporaryDirectory(prefix="mainstay-overload-") as folder:
        project = tiny_project(Path(folder))
        code = FeatureCode(CODE.format(cost=MODELS[name]).encode(), "predict.py")
        model = adopt_code(code, Columns.of(TINY_CONTRACT), TINY_TASK)
        trust_model(project, model, by="a benchmark", now=dt.datetime.now(dt.UTC))
        release_now(project, register_model(project, model, fallback=0.3))
        with contextlib.suppress(OSError), TestServer.start(project) as server:
            server.wait("/readyz")
            if (os.cpu_count() or 1) > 1:
                os.sched_setaffinity(server.process.pid, {0})
                os.sched_setaffinity(0, {1})
            return asyncio.run(ask(name, server.port, seconds))
    raise SystemExit("The server was lost.")


async def ask(name: str, port: int, seconds: float) -> Result:
    body = json.dumps(GOOD_RECORD).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    client = Client(port, head.encode() + body)
    await client.closed(1, 1.0)
    few = {many: Figures.of("alone", await client.closed(many, seconds / 2), 0, seconds / 2) for many in _FEW}
    peak = max(figures.answered for figures in few.values())
    loads = []
    for load in LOADS:
        answers = await client.open(load * peak, _BEFORE + seconds)
        loads.append(Figures.of(f"{load:g} x", answers, _BEFORE, _BEFORE + seconds))
    after = await client.open(peak / 2, _BEFORE)
    loads.append(Figures.of("0.5 x, right after", after, 0, _BEFORE))
    await client.close()
    return Result(model=name, unloaded=few[1], peak=peak, loads=tuple(loads))


def page(result: Result) -> str:
    """Write a table, and what is asked for."""
    rows = [
        f"| {one.load} | {one.sent:.0f} | {one.answered:.0f} | {one.answered / result.peak:.2f} | {one.p50:.1f} / "
        f"{one.p99:.1f} | {one.p99 / result.unloaded.p99:.1f} | {one.refused:.0f} | {one.refusal_p99:.1f} / "
        f"{one.refusal_max:.1f} | {one.failed} | {one.late:.1f} |"
        for one in (result.unloaded, *result.loads)
    ]
    bars = [
        f"| {what} | {value:.2f} | {bar:g} | {'pass' if ok else '**MISS**'} |" for what, value, bar, ok in result.bars()
    ]
    return "\n".join(
        [
            f"## A model that {result.model} for 5 ms a record",
            f"\nPeak: {result.peak:.0f} answers a second. Times in ms.\n",
            f"| {' | '.join(COLUMNS)} |",
            "| --- " + "| ---: " * (len(COLUMNS) - 1) + "|",
            *rows,
            "\n| bar | measured | asked |  |",
            "| --- | ---: | ---: | --- |",
            *bars,
            "",
        ]
    )


if __name__ == "__main__":
    main()
