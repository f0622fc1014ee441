"""Throughput of the server in each durability mode, beside the same server without a log."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from serving.clients import demand_wrk
from serving.ours import MODEL, Own, linear, trees
from serving.rounds import Running, start_own
from serving.work import make_work

from events.bars import Bar, Part
from events.modes import DEFAULT, MODES, UNLOGGED, WORDS, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(__file__).resolve().parent / "programs" / "unlogged.py"
_MANY = 32
_KINDS = {"trees": trees, "linear": linear}


@dataclass(frozen=True)
class Logged(Own):
    """One of ours in one mode."""

    mode: str = DEFAULT

    def words(self, folder: Path, port: int) -> list[str]:
        """Give its command."""
        found = super().words(folder, port)
        # Without a log it is the same program, but for one method.
        return [sys.executable, str(PROGRAM), *found[3:]] if self.mode == UNLOGGED else found


def measure(folder: Path, rounds: int, seconds: float, tell: Callable[[str], None]) -> Part:
    """Measure each mode once a round, the order turned round each time; ratios are of the same round."""
    demand_wrk()
    (folder / "work").mkdir()
    work = make_work(folder / "work")
    rows, bars = [], []
    for kind, model in _KINDS.items():
        with contextlib.ExitStack() as stack:
            up: dict[str, Running] = {}
            for mode in MODES:
                own = Logged(f"{kind}-{mode}", WORDS[mode], model, settings=settings_of(mode), mode=mode)
                up[mode] = start_own(own, work, folder, stack)
                up[mode].server.pause()
            for number in range(rounds):
                for mode in MODES if number % 2 == 0 else MODES[::-1]:
                    _one(up[mode], seconds)
                rates = "  ".join(f"{mode} {_rates(up[mode])[-1]:,.0f}" for mode in MODES)
                tell(f"{kind}, round {number + 1}: {rates}")
            _demand_lines(folder, kind, up)
        none = _rates(up[UNLOGGED])
        for mode in MODES:
            rates = _rates(up[mode])
            share = median(rate / other for rate, other in zip(rates, none, strict=True))
            p99 = median(shot.p99 for shot, _ in up[mode].shots[_MANY])
            busy = median(1e6 * cpu / max(1, shot.requests) for shot, cpu in up[mode].shots[_MANY])
            failed = sum(shot.refused + shot.broken for shot, _ in up[mode].shots[_MANY])
            figures = (f"{median(rates):,.0f}", f"{share:.3f}", f"{busy:.1f}", f"{p99:.2f}", str(failed))
            rows.append((f"{kind}, {WORDS[mode]}", *figures))
            if mode == DEFAULT:
                bars.append(Bar(f"{kind}: throughput with the log, of that without", share, 0.85))
    return Part(
        f"Throughput at {_MANY} connections, one worker",
        ("server", "answers a second", "of no log", "CPU us an answer", "p99, ms", "failed"),
        tuple(rows),
        tuple(bars),
        f"Medians of {rounds} rounds of {seconds:g} s; a ratio is the median of the rounds' ratios.",
    )


def _one(running: Running, seconds: float) -> None:
    running.server.resume()
    try:
        running.measure(seconds, (_MANY,))
    finally:
        running.server.pause()


def _rates(running: Running) -> list[float]:
    return [shot.rate for shot, _ in running.shots[_MANY]]


def _demand_lines(folder: Path, kind: str, up: dict[str, Running]) -> None:
    """See that those with a log wrote one, and the other none: else the ratio says nothing."""
    for mode, running in up.items():
        books = next(folder.glob(f"{kind}-{mode}-*")) / MODEL / ".mainstay" / "events" / "predictions"
        size = sum(path.stat().st_size for path in books.glob("*.jsonl")) if books.exists() else 0
        answers = sum(shot.requests for shot, _ in running.shots[_MANY])
        if (size > 100 * answers) == (mode == UNLOGGED):
            raise SystemExit(f"{kind}, {mode}: {answers} answers, and {size} bytes of log")
