"""What the event log costs a prediction, in each durability mode, how fast it is shipped, and how it grows.

    python benchmarks/events.py                      all of it, about eight minutes; needs wrk
    python benchmarks/events.py cost ship            some of it
    python benchmarks/events.py --quick              a look, under a minute

Only ratios within one run mean anything, and the microseconds on a quiet machine. How fast pages, commands and windows
are over a full log is `events_scale.py`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from events import cost, growth, shipping, throughput
from events.bars import page, save

NAMES = ("throughput", "cost", "ship", "growth")


def main() -> int:
    given = _parse()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # by way of every `with`, so nothing stays
    parts = []
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as name:
        folder = Path(name)
        if "throughput" in given.names:
            parts.append(throughput.measure(folder, 2 if given.quick else given.rounds, given.seconds, _tell))
        if "cost" in given.names:
            parts.append(cost.measure(folder, 20 if given.quick else 20 * given.rounds, _tell))
        if "ship" in given.names:
            some = 50_000 if given.quick else given.predictions
            parts.append(shipping.measure(folder, some, 2 if given.quick else given.rounds, _tell))
        if "growth" in given.names:
            parts.append(growth.measure(folder, 60 if given.quick else given.commits, _tell))
    print(page(parts))
    if given.out:
        save(given.out, parts)
    return int(given.strict and any(not bar.ok for part in parts for bar in part.bars))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all of them unless given")
    parser.add_argument("--quick", action="store_true", help="few rounds of everything")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each point of the throughput")
    parser.add_argument("--predictions", type=int, default=500_000, help="that are shipped")
    parser.add_argument("--commits", type=int, default=1000, help="by which the table grows")
    parser.add_argument("--out", type=Path, help="folder to keep events.md in")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a bar is missed")
    given = parser.parse_args()
    if wrong := set(given.names) - set(NAMES):
        parser.error(f"{', '.join(sorted(wrong))}: known are {', '.join(NAMES)}")
    given.names = given.names or list(NAMES)
    return given


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
