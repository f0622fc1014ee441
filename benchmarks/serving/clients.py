"""The client: wrk, with rows that take turns, asked for its figures exactly."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONNECTIONS = (1, 8, 32)
_SCRIPT = """
wrk.method = "POST"
for name, value in pairs({%(headers)s}) do wrk.headers[name] = value end
local requests, turn = {}, 0
init = function(args)
  local file = io.open("%(bodies)s", "rb")
  local content, at = file:read("*a"), 1
  while at <= #content do
    local line = content:find("\\n", at, true)
    local size = tonumber(content:sub(at, line - 1))
    requests[#requests + 1] = wrk.format(nil, nil, nil, content:sub(line + 1, line + size))
    at = line + size + 1
  end
end
request = function() turn = turn %% #requests + 1; return requests[turn] end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%%d,"seconds":%%.6f,"p50":%%.6f,"p95":%%.6f,"p99":%%.6f,"refused":%%d,"broken":%%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class Shot(msgspec.Struct, frozen=True):
    """What one run of wrk saw.

    Parameters
    ----------
    requests, seconds : int and float
        How many answers in which time.
    p50, p95, p99 : float
        Milliseconds.
    refused, broken : int
        Answers that weren't 2xx or 3xx, and connections that failed.

    """

    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (self.requests - self.refused) / self.seconds


def demand_wrk() -> None:
    """End where there is no wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit("This benchmark's client is wrk. Install it: apt-get install wrk")


def write_script(folder: Path, bodies: list[bytes], headers: Mapping[str, str]) -> Path:
    """Write wrk's script for some bodies, bytes of any kind; gives its path."""
    (folder / "bodies.bin").write_bytes(b"".join(b"%d\n%s" % (len(body), body) for body in bodies))
    told = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
    script = folder / "post.lua"
    script.write_text(_SCRIPT % {"headers": told, "bodies": folder / "bodies.bin"}, encoding="utf-8")
    return script


def shoot(url: str, script: Path, connections: int, seconds: float, core: str) -> Shot:
    """Ask for some seconds over some connections."""
    pinned = ["taskset", "-c", core] if shutil.which("taskset") else []
    words = [*pinned, "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    said = subprocess.run([*words, "-s", str(script), url], capture_output=True, text=True, check=True).stdout
    return msgspec.json.decode(said.strip().splitlines()[-1], type=Shot)
