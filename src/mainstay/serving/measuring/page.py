"""`Page`: the numbers of all processes, added up and written down for Prometheus."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.utils import floatToGoString

from mainstay.serving.measuring.cells import UNSET
from mainstay.serving.measuring.counts import Counter, Gauge
from mainstay.serving.measuring.now import registries, routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

    from mainstay.serving.measuring.cells import Cells
    from mainstay.serving.measuring.counts import AnyFamily
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.measuring.now import InForce, Reached

Labels = tuple[str, ...]
Sums = dict[str, dict[Labels, list[int]]]
"""The numbers of each label set of each metric."""
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.encode()


class Page:
    """Writes the page.

    Parameters
    ----------
    metrics : Metrics
        What is counted.
    in_force, reached : callable
        Tell what is so in this process, asked at each scrape.

    """

    def __init__(
        self,
        metrics: Metrics,
        in_force: Callable[[], Iterable[InForce]],
        reached: Callable[[], Iterable[Reached]],
    ) -> None:
        self._metrics = metrics
        self._in_force = in_force
        self._reached = reached

    def text(self) -> bytes:
        """Write everything in the text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Give all metrics; those nothing was counted of are there without numbers."""
        sums = read_sums(self._metrics.cells)
        self._answered(sums)
        for family in self._metrics.families:
            yield write_family(family, sums.get(family.name, {}))
        yield routes(self._in_force())
        yield from registries(self._reached())

    def _answered(self, sums: Sums) -> None:
        """Add the requests that were answered, each of which is in the latencies already."""
        requests = sums.setdefault(self._metrics.requests.name, {})
        for labels, numbers in sums.get(self._metrics.seconds.name, {}).items():
            requests[*labels, "200", ""] = [sum(numbers[:-1])]


def read_sums(cells: Cells) -> Sums:
    """Add up the numbers of all places; those of one process alone have its place as their last label."""
    sums: Sums = {}
    pids = cells.pids()
    for place, series, numbers in cells.read():
        children = sums.setdefault(series.name, {})
        if series.passing:
            if place in pids and numbers[0] != UNSET:
                children[*series.labels, str(place)] = numbers.tolist()
            continue
        before = children.get(series.labels)
        here = numbers.tolist()
        children[series.labels] = [a + b for a, b in zip(before, here, strict=True)] if before else here
    return sums


def write_family(family: AnyFamily, children: dict[Labels, list[int]]) -> Metric:
    """Write a metric with its label sets, as Prometheus' client library has it."""
    if isinstance(family, Gauge):
        gauge = GaugeMetricFamily(family.name, family.text, labels=[*family.labelnames, "worker"])
        for labels, (value,) in children.items():
            gauge.add_metric(labels, value / family.scale)
        return gauge
    if isinstance(family, Counter):
        counter = CounterMetricFamily(family.name, family.text, labels=family.labelnames)
        for labels, (value,) in children.items():
            counter.add_metric(labels, value / family.scale)
        return counter
    histogram = HistogramMetricFamily(family.name, family.text, labels=family.labelnames)
    names = [*map(floatToGoString, family.bounds), "+Inf"]
    for labels, numbers in children.items():
        buckets = list(zip(names, map(float, accumulate(numbers[:-1])), strict=True))
        histogram.add_metric(labels, buckets, numbers[-1] / family.scale)
    return histogram
