"""Releases and rollbacks under full load: how long until the other version answers, and whether any answer is wrong.

    python benchmarks/rollback.py [--rounds 1000] [--state sqlite | postgresql] [--minutes 6]

A real server with two workers is asked without a pause from several connections, while releases, rollbacks, canaries
and A/B arms of three versions follow each other at random. The versions give different scores for the same record, so
that every answer proves its version. An answer is *mis-versioned* where it names a version that no release allowed
while it was made, or a score that isn't exactly that version's.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from soak.load import COLUMNS, run
from soak.verdict import Answers, Round, during_swaps, first_answers, wrong_score, wrong_version

from mainstay.errors import ReleaseError
from mainstay.models.frameworks.linear import LinearModel
from mainstay.release import Presence, Release, open_books, propose_release, propose_rollback
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project
    from mainstay.release import Books

RESULTS = Path(__file__).parent / "results"
BASES = (-1.0, 0.25, 1.5)
RECORDS = [{**GOOD_RECORD, "customer": f"c{n}", "tenure": 3 + 7 * n, "charge": 20.5 + n} for n in range(8)]
WORKERS, LOADERS, CONNECTIONS = 2, 2, 4
KINDS = ("release", "rollback", "canary", "ab")
OFTEN = (0.55, 0.2, 0.15, 0.1)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=1000)
    words.add_argument("--state", choices=("sqlite", "postgresql"), default="sqlite")
    words.add_argument("--minutes", type=float, default=6.0, help="end after so long, whatever is left")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, _state(given.state):
        figures = soak(Path(folder), given.rounds, given.minutes * 60)
    figures = {"state": given.state, "cores": os.cpu_count(), **figures}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"rollback_{given.state}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    table(figures)
    if figures["failed"] or figures["misversioned"]:
        sys.exit("answers failed, or were of the wrong version")


@contextlib.contextmanager
def _state(kind: str) -> Iterator[None]:
    """Let the environment say where the registry is."""
    if kind == "sqlite":
        yield
        return
    from tests.servers import Postgres  # noqa: PLC0415 - the tests' own database server

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a short path, for its socket
        server = Postgres(Path(folder))
        with server.running():
            os.environ["MAINSTAY_STATE"] = server.address
            yield


def soak(folder: Path, most: int, seconds: float) -> dict[str, Any]:
    """Run it all; gives the figures."""
    project = tiny_project(folder)
    for base in BASES:
        register_model(project, LinearModel(base, TINY_MODEL.terms, logistic=True))
    with open_books(project) as books:
        history = [books.releases.append(_draft(project, [], 1))]
        expected = _expected(books)
        with TestServer.start(project, words=["--workers", str(WORKERS)]) as server:
            presence = Presence(books.state)
            _follow(presence, project.name, 1)
            with _load(server.port, folder) as loaded:
                time.sleep(1.0)
                rounds, memory = _rounds(project, books, history, most=most, seconds=seconds, pid=server.process.pid)
                told = _telling(presence)
            answers = loaded()
    return _figures(rounds, answers, expected, memory, told)


def _draft(project: Project, history: list[Release], version: int, **share: float) -> Release:
    now = dt.datetime.now(dt.UTC)
    return propose_release(history, project.name, version, at=now, by="the soak", reason="a round", **share)


def _next(project: Project, history: list[Release], dice: random.Random) -> Release:
    """Draw what is done next; what can't be done now is drawn again."""
    while True:
        kind = dice.choices(KINDS, OFTEN)[0]
        version = dice.randint(1, len(BASES))
        share = {kind: dice.choice((0.1, 0.25, 0.5))} if kind in {"canary", "ab"} else {}
        now = dt.datetime.now(dt.UTC)
        with contextlib.suppress(ReleaseError):
            if kind == "rollback":
                return propose_rollback(history, project.name, at=now, by="the soak", reason="a round")
            return _draft(project, history, version, **share)


def _rounds(
    project: Project, books: Books, history: list[Release], *, most: int, seconds: float, pid: int
) -> tuple[list[Round], list[int]]:
    dice, presence = random.Random(11), Presence(books.state)  # noqa: S311 - the same rounds each time
    first = time.monotonic()
    rounds = [Round("release", 1, (1,), first - 10, first - 10, first - 10)]
    memory = [_resident(pid)]
    while len(rounds) <= most and time.monotonic() - first < seconds:
        drafted = _next(project, history, dice)
        begun = time.monotonic()
        row = books.releases.append(drafted)
        written = time.monotonic()
        history.append(row)
        followed = _follow(presence, project.name, row.id)
        answering = (row.champion, *(route.version for route in row.routes[1:] if route.role != "shadow"))
        rounds.append(Round(row.kind, row.champion, answering, begun, written, followed))
        memory.append(_resident(pid))
        time.sleep(dice.uniform(0.02, 0.1))
    time.sleep(0.5)
    return rounds, memory


def _follow(presence: Presence, model: str, number: int) -> float:
    while True:
        rows = presence.rows(model)
        if len(rows) == WORKERS and all(row.release >= number for row in rows):
            return time.monotonic()
        time.sleep(0.005)


def _telling(presence: Presence) -> float:
    """Time one word of a worker, milliseconds."""
    word = presence.rows("churn")[0]
    begun = time.perf_counter()
    for _ in range(20):
        presence.tell(word)
    return (time.perf_counter() - begun) / 20 * 1000


@contextlib.contextmanager
def _load(port: int, folder: Path) -> Iterator[object]:
    fresh = multiprocessing.get_context("spawn")
    begun, stop = fresh.Semaphore(0), fresh.Event()
    files = [folder / f"answers-{n}" for n in range(LOADERS)]
    askers = [fresh.Process(target=run, args=(port, CONNECTIONS, RECORDS, file, begun, stop)) for file in files]
    for asker in askers:
        asker.start()
    for _ in askers:
        begun.acquire()

    def answers() -> Answers:
        rows = np.concatenate([np.fromfile(file).reshape(-1, len(COLUMNS)) for file in files])
        return Answers(*rows[np.argsort(rows[:, 1])].T)

    try:
        yield answers
    finally:
        stop.set()
        for asker in askers:
            asker.join(30)


def _expected(books: Books) -> np.ndarray:
    """Ask each version each record, in this process."""
    from mainstay.contract import compile_request  # noqa: PLC0415 - beside its only use

    found = np.full((len(BASES) + 1, len(RECORDS)), np.nan)
    for version in range(1, len(BASES) + 1):
        bundle = books.registry.load_bundle("churn", version)
        decoder = compile_request(bundle.contract)
        for place, record in enumerate(RECORDS):
            found[version, place] = bundle.model.score_one(decoder.read_record(dict(record)).encoded)
    assert len(np.unique(found[1:])) == found[1:].size, "two versions answer alike"
    return found


def _resident(pid: int) -> int:
    """Add up what the workers hold in memory, bytes."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:  # noqa: PTH123 - no file of ours
        children = file.read().split()
    pages = [int(Path(f"/proc/{child}/statm").read_text(encoding="utf-8").split()[1]) for child in children]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def _figures(
    rounds: list[Round], answers: Answers, expected: np.ndarray, memory: list[int], told: float
) -> dict[str, Any]:
    waits = first_answers(answers, rounds)
    everybody = [each.followed - each.begun for each in rounds[1:]]
    took = (answers.received - answers.sent) * 1000
    swapping = during_swaps(answers, rounds)
    misversioned = wrong_version(answers, rounds) | wrong_score(answers, expected)
    quarter = max(1, len(memory) // 4)
    return {
        "rounds": len(rounds) - 1,
        "kinds": {kind: sum(each.kind == kind for each in rounds[1:]) for kind in KINDS},
        "seconds": round(rounds[-1].followed - rounds[1].begun, 1),
        "first_answer_median": float(np.median(waits)),
        "first_answer_p99": float(np.percentile(waits, 99)),
        "first_answer_longest": max(waits),
        "everybody_median": float(np.median(everybody)),
        "everybody_longest": max(everybody),
        "answers": len(answers.sent),
        "failed": int((answers.status != 200).sum()),
        "misversioned": int(misversioned.sum()),
        "a_second": round(len(answers.sent) / (answers.received.max() - answers.sent.min())),
        "p50_steady_ms": float(np.percentile(took[~swapping], 50)),
        "p99_steady_ms": float(np.percentile(took[~swapping], 99)),
        "p50_swapping_ms": float(np.percentile(took[swapping], 50)),
        "p99_swapping_ms": float(np.percentile(took[swapping], 99)),
        "slowest_ms": float(took.max()),
        "resident_mb_first_quarter": round(float(np.median(memory[:quarter])) / 1e6, 1),
        "resident_mb_last_quarter": round(float(np.median(memory[-quarter:])) / 1e6, 1),
        "word_ms": round(told, 2),
        "slowest_rounds": [asdict(each) for each in sorted(rounds[1:], key=lambda r: r.begun - r.followed)[:3]],
    }


def table(figures: dict[str, Any]) -> None:
    """Print the figures as Markdown."""
    print(
        f"Registry in {figures['state']}; {figures['rounds']} rounds in {figures['seconds']} s: {figures['kinds']}.\n"
    )
    print("| | |\n|---|---|")
    lines = (
        ("row to first answer of the new champion, median / p99 / longest",
         "{first_answer_median:.3f} / {first_answer_p99:.3f} / {first_answer_longest:.3f} s"),
        ("row until every worker says it follows, median / longest",
         "{everybody_median:.3f} / {everybody_longest:.3f} s"),
        ("answers", "{answers}, {a_second} a second"),
        ("failed", "{failed}"),
        ("mis-versioned", "{misversioned}"),
        ("p50 / p99 between releases", "{p50_steady_ms:.2f} / {p99_steady_ms:.2f} ms"),
        ("p50 / p99 while workers swap", "{p50_swapping_ms:.2f} / {p99_swapping_ms:.2f} ms"),
        ("slowest answer", "{slowest_ms:.0f} ms"),
        ("memory of the workers, first / last quarter", "{resident_mb_first_quarter} / {resident_mb_last_quarter} MB"),
        ("a worker's word to the registry", "{word_ms:.1f} ms, once in 2 s"),
    )  # fmt: skip
    for what, how in lines:
        print(f"| {what} | {how.format(**figures)} |")


if __name__ == "__main__":
    main()
