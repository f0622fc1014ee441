"""Requests a second and latency of one worker with everything on: validation, routing, log before answer, metrics.

    python benchmarks/serving_quick.py [--seconds 5] [--workers 1] [--out result.json]

14 numeric and 6 categorical columns, a linear model, 512 rotating records; wrk as the client where it is installed
(apt-get install wrk), else plain asyncio, which is the slower half of the pair and so understates the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from mainstay.contract import Category, Contract, Number
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.serving.testing import TestServer, register_model, release_now, tiny_project

CONNECTIONS = (1, 8, 32)
RECORDS = 512
PATH = "/models/churn/predict"
CONTRACT = Contract(
    (
        *(Number(name=f"number_{i}", min=-10, max=10) for i in range(14)),
        *(Category(name=f"kind_{i}", values=("first", "second", "third")) for i in range(6)),
    )
)
MODEL = LinearModel(-1.0, (*[Slope(0.0, 0.1)] * 14, *[Labels((0.1, 0.2, 0.3, 0.0))] * 6), logistic=True)
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local i = 0
request = function() i = i %% #bodies + 1; return wrk.format(nil, nil, nil, bodies[i]) end
"""


def make_bodies() -> list[str]:
    dice = random.Random(7)  # noqa: S311 - a sample, not a secret
    numbers = ({f"number_{i}": round(dice.gauss(0, 1), 4) for i in range(14)} for _ in range(RECORDS))
    return [json.dumps(some | {f"kind_{i}": dice.choice(("first", "second")) for i in range(6)}) for some in numbers]


def with_wrk(port: int, connections: int, seconds: float, folder: Path) -> dict[str, float]:
    script = folder / "post.lua"
    script.write_text(SCRIPT % (folder / "bodies.txt"))
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", str(script)]
    said = subprocess.run([*words, f"http://127.0.0.1:{port}{PATH}"], capture_output=True, text=True, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return {
        "requests_per_second": float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0]),
        "p50_ms": _milliseconds(re.findall(r"50%\s+(\S+)", said)[0]),
        "p99_ms": _milliseconds(re.findall(r"99%\s+(\S+)", said)[0]),
        "failed": float(bad[1]) if bad else 0.0,
    }


def _milliseconds(text: str) -> float:
    number, unit = re.findall(r"([\d.]+)([a-z]+)", text)[0]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


async def with_asyncio(port: int, connections: int, seconds: float, bodies: list[str]) -> dict[str, float]:
    requests = [
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        for body in bodies
    ]
    taken: list[float] = []
    failed = [0]
    end = time.perf_counter() + seconds

    async def client(place: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (begun := time.perf_counter()) < end:
            place += 1
            writer.write(requests[place % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head)[0]))
            taken.append(time.perf_counter() - begun)
            failed[0] += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(client(i * 7) for i in range(connections)))
    taken.sort()
    return {
        "requests_per_second": len(taken) / seconds,
        "p50_ms": taken[len(taken) // 2] * 1e3,
        "p99_ms": taken[int(len(taken) * 0.99)] * 1e3,
        "failed": float(failed[0]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    bodies = make_bodies()
    wrk = shutil.which("wrk") is not None
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bodies.txt").write_text("\n".join(bodies))
        project = tiny_project(folder)
        release_now(project, register_model(project, MODEL, contract=CONTRACT))
        with TestServer.start(project, words=["--workers", str(given.workers)]) as server:
            server.wait("/readyz")
            for connections in CONNECTIONS:
                if wrk:
                    row = with_wrk(server.port, connections, given.seconds, folder)
                else:
                    row = asyncio.run(with_asyncio(server.port, connections, given.seconds, bodies))
                results.append({"connections": connections, **row})
                print("  ".join(f"{key} {value:,.3f}" for key, value in results[-1].items()))
    if given.out:
        given.out.write_text(json.dumps({"client": "wrk" if wrk else "asyncio", "rows": results}, indent=1))


if __name__ == "__main__":
    main()
