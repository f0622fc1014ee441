"""Memory doesn't grow with the file: each size is read, fingerprinted and checked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, resource, sys
from pathlib import Path
from mainstay.contract import load_contract
from mainstay.data import fingerprint, take_snapshot
from mainstay.data.source import open_source, source_of
from mainstay.data.sources import text
from mainstay.project import open_project
text.WHOLE_BYTES, text.BATCH_BYTES = int(sys.argv[3]), int(sys.argv[3]) // 4
folder = Path(sys.argv[1])
if sys.argv[2] == "fingerprint":
    fingerprint(open_source(source_of(folder / "rows.csv")).batches())
else:
    snapshot = take_snapshot(open_project(folder), load_contract(folder / "contract.toml"))
    assert snapshot.quarantine is not None and snapshot.rows_lost > 0
    assert snapshot.ledger[-2].step == "sample" and snapshot.ledger[-1].rows_out <= 50_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
PART = 100_000  # rows


def _project(folder: Path, megabytes: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(1)
    numbers = {f"n{i}": rng.normal(size=PART).round(4) for i in range(8)}
    kinds = {f"c{i}": rng.choice(np.array(["alpha", "beta", "gamma"]), PART) for i in range(8)}
    table = pl.DataFrame({**numbers, **kinds, "bought": rng.choice(np.array(["Yes", "No"]), PART)})
    block = table.write_csv(include_header=False).encode()
    with (folder / "rows.csv").open("wb") as file:
        file.write((",".join([*table.columns, "id"]) + "\n").encode())
        while file.tell() < megabytes << 20:
            at = file.tell()
            file.write(b"\n".join(line + b",%d" % (at + k) for k, line in enumerate(block.splitlines())) + b"\n")
    columns = [f'[n{i}]\ntype = "number"\nmax = 3.0\n' for i in range(8)]
    columns += [f'[c{i}]\ntype = "category"\nvalues = ["alpha", "beta", "gamma"]\n' for i in range(8)]
    (folder / "contract.toml").write_text("".join(columns))
    (folder / "mainstay.toml").write_text('[data]\nsource = "rows.csv"\ntarget = "bought"\nmax_rows = 50_000\n')
    return folder


def _peak(folder: Path, what: str, whole: int) -> float:
    """Give the most memory a process held, in MB; it holds texts of up to `whole` MB in memory."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), what, str(whole << 20)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return float(json.loads(done.stdout))


def test_a_file_four_times_as_large_takes_no_more_memory(tmp_path: Path) -> None:
    small, large = (_peak(_project(tmp_path / str(size), size), "snapshot", 8) for size in (12, 48))
    assert large < small + 40


@pytest.mark.full
@pytest.mark.parametrize("what", ["fingerprint", "snapshot"])
def test_memory_stays_below_a_gigabyte(tmp_path: Path, what: str) -> None:
    small, large = (_peak(_project(tmp_path / str(size), size), what, 64) for size in (80, 400))
    assert large < small + 100
    assert large < 1000
