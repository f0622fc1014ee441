"""Hot swaps of heavy models under a light load: how much later answers are while a worker loads the next version.

    python benchmarks/swap.py [--swaps 20] [--rate 400] [--rounds 3]

A real server with one worker is asked by an open loop, well below what it can answer, while versions of 2 000 LightGBM
trees of 31 leaves follow each other, none of which is in memory already. An answer belongs to a swap where it was due
between the moment the release's row was written and the moment the worker said that it answers by it; all others are
steady. The bar: no answer fails, and p99 during swaps is at most twice the steady p99. The median of the rounds counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from overload.client import Answer, Client
from overload.figures import quantile

from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.release import Presence, open_books
from mainstay.serving.testing import GOOD_RECORD, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.project import Project

RESULTS = Path(__file__).parent / "results"
TREES, LEAVES, ROWS = 2_000, 31, 6_000
VERSIONS = 4  # one answers and two are kept: the next one is always read from the disk
PAUSE = 1.5  # seconds between two swaps, which are steady
BAR = 2.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One round; times in milliseconds.

    Parameters
    ----------
    swaps : int
        How many.
    took : float
        From a release's row to the worker's word that it follows, the median.
    answers, failed : int
        All answers, and those that weren't 200.
    p50, p99 : float
        Of the answers between swaps.
    p50_swapping, p99_swapping, longest : float
        Of the answers during swaps.
    late : float
        How late the client itself was, the 99th percentile.
    ratio : float
        p99 during swaps by p99 between them.

    """

    swaps: int
    took: float
    answers: int
    failed: int
    p50: float
    p99: float
    p50_swapping: float
    p99_swapping: float
    longest: float
    late: float
    ratio: float


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--swaps", type=int, default=20)
    words.add_argument("--rate", type=float, default=400.0)
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args()
    texts = [trees(seed) for seed in (1, 2)]
    rounds = [asyncio.run(measure(texts, given.swaps, given.rate)) for _ in range(given.rounds)]
    ratio = statistics.median(each.ratio for each in rounds)
    RESULTS.mkdir(exist_ok=True)
    kept = {"cores": os.cpu_count(), "rate": given.rate, "ratio": ratio, "rounds": msgspec.to_builtins(rounds)}
    (RESULTS / "swap.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    table(rounds)
    print(f"\np99 during swaps by steady p99, median of the rounds: {ratio:.2f} (bar: {BAR})")
    if any(each.failed for each in rounds) or ratio > BAR:
        sys.exit("answers failed, or came too late during swaps")


def trees(seed: int) -> str:
    """Train a heavy model on rows of the tiny contract; gives LightGBM's text."""
    import lightgbm  # noqa: PLC0415 - for training alone; the server never imports it

    dice = np.random.default_rng(seed)
    X = np.column_stack((dice.integers(0, 100, ROWS), dice.normal(64, 30, ROWS), dice.integers(0, 3, ROWS)))
    y = (X[:, 0] / 100 + X[:, 1] / 60 + dice.normal(size=ROWS) > 1.5).astype(float)
    options = {"objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.01, "verbosity": -1}
    text: str = lightgbm.train(options, lightgbm.Dataset(X, y), TREES).model_to_string()
    return text


async def measure(texts: list[str], swaps: int, rate: float) -> Figures:
    """Run one round on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        project = tiny_project(Path(folder))
        for number in range(VERSIONS):
            register_model(project, LightGBMModel(texts[number % len(texts)]))
        release_now(project, 1)
        with TestServer.start(project) as server, open_books(project) as books:
            server.wait("/readyz", seconds=60)
            presence = Presence(books.state)
            client = Client(server.port, _request())
            await client.open(rate, 2.0)  # warm
            begun = time.perf_counter()
            asking = asyncio.create_task(client.open(rate, swaps * (PAUSE + 1.0)))
            spans: list[tuple[float, float]] = []
            for swap in range(swaps):
                await asyncio.sleep(PAUSE)
                start = time.perf_counter() - begun
                await asyncio.to_thread(_swap, project, presence, 1 + (swap + 1) % VERSIONS)
                spans.append((start, time.perf_counter() - begun))
            answers = await asking
            await client.close()
    return figures(answers, spans)


def _swap(project: Project, presence: Presence, version: int) -> None:
    release = release_now(project, version)
    while not any(row.release == release.id for row in presence.rows(project.name)):
        time.sleep(0.02)


def figures(answers: list[Answer], spans: list[tuple[float, float]]) -> Figures:
    """Sum up a round."""
    during = [any(start <= one.due <= end for start, end in spans) for one in answers]
    good = [(one.seconds * 1e3, inside) for one, inside in zip(answers, during, strict=True) if one.status == 200]
    steady = sorted(took for took, inside in good if not inside)
    swapping = sorted(took for took, inside in good if inside)
    return Figures(
        swaps=len(spans),
        took=statistics.median(end - start for start, end in spans) * 1e3,
        answers=len(answers),
        failed=len(answers) - len(good),
        p50=quantile(steady, 0.5),
        p99=quantile(steady, 0.99),
        p50_swapping=quantile(swapping, 0.5),
        p99_swapping=quantile(swapping, 0.99),
        longest=quantile(swapping, 1.0),
        late=quantile(sorted(one.late * 1e3 for one in answers), 0.99),
        ratio=quantile(swapping, 0.99) / quantile(steady, 0.99),
    )


def table(rounds: list[Figures]) -> None:
    """Print the rounds as Markdown."""
    print("| swaps | each, ms | answers | failed | steady p50 / p99 | swapping p50 / p99 / longest | late | ratio |")
    print("|" + "---|" * 8)
    for each in rounds:
        print(
            f"| {each.swaps} | {each.took:.0f} | {each.answers} | {each.failed} | {each.p50:.2f} / {each.p99:.2f} "
            f"| {each.p50_swapping:.2f} / {each.p99_swapping:.2f} / {each.longest:.1f} | {each.late:.2f} "
            f"| {each.ratio:.2f} |"
        )


def _request() -> bytes:
    body = json.dumps(GOOD_RECORD).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


if __name__ == "__main__":
    main()
