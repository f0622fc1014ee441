"""A csv far larger than memory should be: seconds and peak memory of reading, fingerprint, `check` and `train`.

    python benchmarks/source_streaming.py [--gigabytes 5] [--without train] [--folder /tmp]

Each step is a process of its own, so its peak is its own (`ru_maxrss`). The table has 20 columns: 8 numbers, 5 whole
numbers, 4 categories, an id, a day and the target; one row in 500 breaks a rule of the contract.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

ROWS = 500_000
LIMIT = 2000  # MB
READ = "from mainstay.data.source import open_source, source_of; b = open_source(source_of({0!r})).batches(); "
STEPS = {
    "read": ["-c", READ + "print(sum(x.height for x in b), 'rows')"],
    "fingerprint": ["-c", READ + "from mainstay.data import fingerprint; print(fingerprint(b))"],
    "check": ["-m", "mainstay", "check", "--project", "{1}", "--json"],
    "train": ["-m", "mainstay", "train", "--project", "{1}", "--json"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--without", action="append", default=[], choices=STEPS)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    asked = parser.parse_args()
    needed = int(asked.gigabytes * 1.2e9)
    if shutil.disk_usage(asked.folder).free < needed:
        raise SystemExit(f"{asked.folder} has less than {needed / 1e9:.0f} GB free")
    with tempfile.TemporaryDirectory(dir=asked.folder) as room:
        project = Path(room)
        rows = write_table(project / "rows.csv", int(asked.gigabytes * 1e9))
        write_project(project)
        size = (project / "rows.csv").stat().st_size
        print(f"{size / 1e9:.2f} GB, {rows:,} rows, 20 columns\n")
        print("| step | seconds | peak MB | |\n|---|---|---|---|")
        worst = max(run(name, project) for name in STEPS if name not in asked.without)
    raise SystemExit(worst > LIMIT)


def run(name: str, project: Path) -> float:
    words = [word.format(str(project / "rows.csv"), project) for word in STEPS[name]]
    begun = time.monotonic()
    with (project / f"{name}.out").open("wb") as out:
        child = subprocess.Popen([sys.executable, *words], stdout=out, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
    took, peak = time.monotonic() - begun, used.ru_maxrss / 1024
    said = (project / f"{name}.out").read_text().strip().splitlines()
    code = os.waitstatus_to_exitcode(status)
    note = said[-1][:60] if code not in (0, 1) or name in ("read", "fingerprint") else ""
    print(f"| {name} | {took:.0f} | {peak:.0f} | {note} |", flush=True)
    return peak


def write_table(path: Path, size: int) -> int:
    """Write random rows until the file is large enough; gives how many."""
    dice, rows = np.random.default_rng(7), 0
    with path.open("wb") as file:
        while file.tell() < size:
            table = block(dice, rows)
            file.write(table.write_csv(include_header=rows == 0).encode())
            rows += ROWS
    return rows


def block(dice: np.random.Generator, first: int) -> pl.DataFrame:
    numbers = {f"n{i}": dice.normal(size=ROWS).round(4) for i in range(8)}
    wholes = {f"i{i}": dice.integers(0, 1000, ROWS) for i in range(5)}
    kinds = {f"c{i}": dice.choice(np.array(["alpha", "beta", "gamma", "delta"]), ROWS) for i in range(4)}
    days = np.datetime64("2020-01-01") + dice.integers(0, 1000, ROWS).astype("timedelta64[D]")
    chance = 1 / (1 + np.exp(1.0 - numbers["n0"] + 0.5 * numbers["n1"]))
    return pl.DataFrame(
        {
            **numbers,
            **wholes,
            **kinds,
            "id": [f"cust-{k}" for k in range(first, first + ROWS)],
            "day": days,
            "bought": np.where(dice.random(ROWS) < chance, "Yes", "No"),
        }
    )


def write_project(folder: Path) -> None:
    columns = [f'[n{i}]\ntype = "number"\nmax = 3.5\n' for i in range(8)]
    columns += [f'[i{i}]\ntype = "integer"\n' for i in range(5)]
    columns += [f'[c{i}]\ntype = "category"\nvalues = ["alpha", "beta", "gamma", "delta"]\n' for i in range(4)]
    (folder / "contract.toml").write_text("".join(columns))
    (folder / "mainstay.toml").write_text(
        '[problem]\nname = "large"\n[data]\nsource = "rows.csv"\ntarget = "bought"\npositive = "Yes"\nkeep = false\n'
    )


if __name__ == "__main__":
    main()
