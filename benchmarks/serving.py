"""mainstay's server side by side with others', in one run on one machine, one worker each, with wrk as the client.

    python benchmarks/serving.py                      everybody; about ten minutes, and the installations at first
    python benchmarks/serving.py --quick              ours alone, under a minute
    python benchmarks/serving.py fastapi tuned limit trees

Each peer is installed into an environment of its own (``.peers/bench``) and must give the right answers before it is
timed. All are up at once, one core for the server and one for wrk; all but the one that is timed are held still. Only
ratios mean anything; absolute figures move with the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serving.bars import bars_of
from serving.clients import demand_wrk
from serving.ours import OWN, TWO, Own
from serving.pages import page, save
from serving.peers import PEERS
from serving.rounds import bring_up, run_rounds, start_own, start_peer
from serving.work import make_work

if TYPE_CHECKING:
    from collections.abc import Callable

    from serving.rounds import Running
    from serving.rows import Row
    from serving.work import Work

HERE = Path(__file__).resolve().parent
_ALL_CORES = "0,1"
_MANY = (32,)
_QUICK = ("trees", "linear", "explain")


def main() -> int:
    given = _parse()
    demand_wrk()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # by way of every `with`, so nothing stays
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "work").mkdir()
        work = make_work(folder / "work")
        up, missing = bring_up(_starts(given, work, folder, stack), _tell)
        run_rounds(up, given.rounds, given.seconds, _tell)
        rows = [running.row() for running in up]
        if not given.quick and "two" in given.names:
            rows += _workers(work, folder, given.rounds, given.seconds)
        wanted = [peer for peer in PEERS if peer.name in {row.name for row in rows}]
        versions = {peer.room: peer.versions(given.home) for peer in wanted}
    bars = list(bars_of({row.name: row for row in rows}))
    timed = [row for row in rows if len(row.points) > 1]
    print(page(timed, bars, missing, versions))
    if given.out:
        save(given.out, timed, bars, missing, versions)
    return int(any(not bar.ok for bar in bars) and given.strict)


def _parse() -> argparse.Namespace:
    names = [each.name for each in (*PEERS, *OWN, TWO)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="ours alone, one short round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each point")
    parser.add_argument("--home", type=Path, default=HERE.parent / ".peers" / "bench", help="where peers are installed")
    parser.add_argument("--out", type=Path, help="folder to keep serving.md and serving.json in")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a bar is missed")
    given = parser.parse_args()
    if wrong := set(given.names) - set(names):
        parser.error(f"{', '.join(sorted(wrong))}: known are {', '.join(names)}")
    given.names = given.names or list(_QUICK if given.quick else names)
    given.rounds = given.rounds or (1 if given.quick else 3)
    return given


def _starts(
    given: argparse.Namespace, work: Work, folder: Path, stack: contextlib.ExitStack
) -> dict[str, Callable[[], Running]]:
    peers = {
        each.name: partial(start_peer, each, work, given.home, folder, stack)
        for each in PEERS
        if each.name in given.names
    }
    return peers | {
        each.name: partial(start_own, each, work, folder, stack) for each in OWN if each.name in given.names
    }


def _workers(work: Work, folder: Path, rounds: int, seconds: float) -> list[Row]:
    """Measure one and two workers, on all cores, beside the client."""
    rows = []
    with contextlib.ExitStack() as stack:
        single = start_own(Own("single", "one worker on all cores"), work, folder, stack, _ALL_CORES)
        single.server.pause()
        double = start_own(TWO, work, folder, stack, _ALL_CORES)
        double.server.pause()
        for _ in range(rounds):
            for running in (single, double):
                running.server.resume()
                running.measure(seconds, _MANY, _ALL_CORES)
                running.server.pause()
        rows = [single.row(), double.row()]
    for row in rows:
        _tell(f"{row.title}: {row.points[0].rate:,.0f} a second, {row.points[0].per_cpu:,.0f} per CPU-second")
    return rows


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
