"""What counting costs a request, what a page for Prometheus costs, and what a span costs.

    python benchmarks/metrics.py

Ours beside prometheus_client's own way for several processes: a file for each, behind a lock. "counted" is what every
answered request is counted by: requests, latency, records of the request, predictions. A page is one of four workers
with fifty label sets of each. "noted" is all a request waits for where spans are sent; it takes 0 where none are,
apart from one look at an attribute for each turn of the event loop. Microseconds are the best of many rounds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

FOLDER = tempfile.TemporaryDirectory()
os.environ["PROMETHEUS_MULTIPROC_DIR"] = FOLDER.name  # read when it is imported

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402
from prometheus_client.values import MultiProcessValue  # noqa: E402

from mainstay.serving.call import Call  # noqa: E402
from mainstay.serving.measuring.cells import Cells  # noqa: E402
from mainstay.serving.measuring.metrics import Metrics  # noqa: E402
from mainstay.serving.measuring.spans import note  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS, SETS = 4, 50


def best(task: Callable[[], object], calls: int, rounds: int = 30) -> float:
    """Give microseconds of processor time of a call."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            task()
        spent.append((time.process_time() - start) / calls * 1e6)
    return min(spent)


class Theirs:
    """The same counts by prometheus_client, in one of several processes."""

    def __init__(self, worker: int) -> None:
        sys.modules["prometheus_client.metrics"].values.ValueClass = MultiProcessValue(lambda: worker)  # type: ignore[attr-defined]
        registry = CollectorRegistry()
        arm = ["model", "version", "role"]
        bounds = [limit / 1e9 for limit in Metrics(cells=Cells()).seconds.limits]
        self.requests = Counter("requests", "R.", [*arm, "route", "code", "cause"], registry=registry)
        self.seconds = Histogram("seconds", "S.", [*arm, "route"], buckets=bounds, registry=registry)
        self.records = Histogram("records", "N.", ["model", "route"], buckets=(1, 10, 100, 1000), registry=registry)
        self.answers = Counter("answers", "A.", arm, registry=registry)

    def tally(self, version: int) -> Callable[[], None]:
        arm = ("churn", str(version), "champion")
        requests, seconds = self.requests.labels(*arm, "predict", "200", ""), self.seconds.labels(*arm, "predict")
        records, answers = self.records.labels("churn", "predict"), self.answers.labels(*arm)

        def answered() -> None:
            requests.inc()
            seconds.observe(0.000123)
            records.observe(1)
            answers.inc()

        return answered


def held() -> Any:
    """Give an answer as a turn holds it."""
    head = {b"host": b"127.0.0.1:8000", b"user-agent": b"bench"}
    route = SimpleNamespace(version=1, role="champion")
    case = SimpleNamespace(arm=SimpleNamespace(route=route), row=SimpleNamespace(degraded=False))
    return SimpleNamespace(
        call=Call("POST", "/models/churn/predict", head),
        route="predict",
        taken=SimpleNamespace(cases=[case]),
        reply=SimpleNamespace(status=200),
        ledger=SimpleNamespace(model="churn"),
    )


def main() -> None:
    shared = Cells.shared(WORKERS + 1)
    ours = [Metrics(cells=Cells(shared.file, worker, WORKERS + 1)) for worker in range(WORKERS)]
    theirs = [Theirs(worker) for worker in range(WORKERS)]
    for version in range(SETS):
        for metrics, other in zip(ours, theirs, strict=True):
            metrics.tally("churn", version, "champion", "predict").answered(123_000, 1)
            other.tally(version)()
    tally, counts = ours[0].tally("churn", 1, "champion", "predict"), theirs[0].tally(1)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, FOLDER.name)  # type: ignore[no-untyped-call]
    answer = held()
    rows = (
        ("counted", best(lambda: tally.answered(123_000, 1), 2000), best(counts, 2000)),
        ("page", best(ours[0].page.write, 5), best(lambda: generate_latest(registry), 5)),
        ("noted", best(lambda: note(answer), 2000), None),
    )
    print(f"{'microseconds':14} {'ours':>9} {'prometheus_client':>18} {'ratio':>6}")
    for name, mine, other in rows:
        told = f"{other:18.2f} {other / mine:6.1f}" if other is not None else ""
        print(f"{name:14} {mine:9.2f} {told}")
    shared.close()


if __name__ == "__main__":
    main()
