"""Prometheus metrics, right across worker processes.

With several workers each writes its counts into a shared folder, and whichever worker is scraped adds them all up; a
worker that was replaced keeps its counts there, so no counter ever falls.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

# prometheus_client reads its environment when it is imported. Ours decides: the supervisor makes a fresh folder for
# its workers, and a folder that is set for another program must not be mixed with it.
SHARED = "MAINSTAY_METRICS"
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
if os.environ.get(SHARED):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ[SHARED]

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest  # noqa: E402
from prometheus_client.core import GaugeMetricFamily  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402
from prometheus_client.process_collector import ProcessCollector  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()
_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5)
_SIZES = (1, 2, 5, 10, 50, 100, 500, 1000)

InForce = tuple[str, int, str, float]
"""Model, version, role and weight of a route in force."""
Reached = tuple[str, bool, float]
"""Model, whether this worker reaches its registry, and seconds since it was last heard of."""


class Metrics:
    """The counts of one worker.

    Parameters
    ----------
    in_force : callable
        Gives the routes in force, asked at each scrape.
    reached : callable
        Tells whether the registry of each model is reached, asked at each scrape.

    """

    def __init__(
        self, in_force: Callable[[], Iterable[InForce]], reached: Callable[[], Iterable[Reached]] = lambda: ()
    ) -> None:
        self._shared = bool(os.environ.get(SHARED))
        self._registry = CollectorRegistry()
        self._in_force = in_force
        self._reached = reached
        self.requests = self._counter("requests", "Requests by what became of them.", "model", "route", "code", "cause")
        self.answers = self._counter("predictions", "Records answered.", "model", "version", "role")
        self.degraded = self._counter("degraded", "Records a policy had to help.", "model", "version")
        self.policy = self._counter("policy", "Values a policy dealt with.", "model", "field", "why", "did")
        self.refused_fields = self._counter("refused_fields", "Problems by field.", "model", "field")
        self.failures = self._counter("arm_failures", "Times one beside the champion failed.", "model", "role")
        self.lost = self._counter("events_lost", "Events that could not be written.", "model", "stream")
        self.feedback = self._counter("feedback", "Lines of feedback taken.", "model")
        self.explanations = self._counter(
            "explanations", "Answers explained.", "model", "version", "method", "complete"
        )
        self.swaps = self._counter("swaps", "Releases taken up or refused by a worker.", "model", "outcome")
        self.seconds = Histogram(
            "mainstay_request_seconds", "From a request's arrival to its answer.", ("model",),
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.explain_seconds = Histogram(
            "mainstay_explain_seconds", "What the explanations of a request took.", ("model",),
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.records = Histogram(
            "mainstay_request_records", "Records of a request.", ("model",), buckets=_SIZES, registry=self._registry
        )

    def page(self) -> bytes:
        """Write everything in the Prometheus text format."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        around = CollectorRegistry()
        around.register(_Now(self._in_force, self._reached))
        if not self._shared:
            ProcessCollector(registry=around)
        return generate_latest(registry) + generate_latest(around)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"mainstay_{name}", text, labels, registry=self._registry)


class _Now:
    """What is so at the moment of the scrape, in the worker that is scraped: gauges nobody has to reset."""

    def __init__(self, in_force: Callable[[], Iterable[InForce]], reached: Callable[[], Iterable[Reached]]) -> None:
        self._in_force = in_force
        self._reached = reached

    def collect(self) -> Iterator[Metric]:
        shares = GaugeMetricFamily(
            "mainstay_route_weight", "Share of the requests.", labels=["model", "version", "role"]
        )
        for model, version, role, weight in self._in_force():
            shares.add_metric([model, str(version), role], weight)
        yield shares
        reachable = GaugeMetricFamily("mainstay_registry_reachable", "Whether the registry answers.", labels=["model"])
        age = GaugeMetricFamily(
            "mainstay_registry_age_seconds", "Since the registry was last heard of.", labels=["model"]
        )
        for model, answers, seconds in self._reached():
            reachable.add_metric([model], float(answers))
            age.add_metric([model], seconds)
        yield from (reachable, age)
