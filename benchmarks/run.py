"""Run every benchmark beside this file and keep what each printed in results/NAME.md.

Run: make bench    (or: python benchmarks/run.py NAME)

Those that take many minutes or gigabytes (`LONG`) run by name alone.

Only ratios within one run on one machine mean anything; absolute figures move with the machine.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LONG = (
    "contract_law",
    "events",
    "events_scale",
    "overload",
    "rollback",
    "serving",
    "source_streaming",
    "training_quality",
)


def main(names: list[str]) -> int:
    failed = 0
    (HERE / "results").mkdir(exist_ok=True)
    for script in sorted(HERE.glob("*.py")):
        if script.name == "run.py" or (script.stem not in names if names else script.stem in LONG):
            continue
        print(f"== {script.stem}", flush=True)
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
        print(done.stdout or done.stderr)
        failed += done.returncode != 0
        if done.returncode == 0:
            machine = (
                f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
            )
            head = f"# {script.stem}\n\n`python benchmarks/{script.name}` on {machine}\n\n"
            (HERE / "results" / f"{script.stem}.md").write_text(head + done.stdout, encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
