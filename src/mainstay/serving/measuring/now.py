"""What is so at the moment of a scrape, in the worker that is scraped: nobody has to keep it up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.metrics_core import Metric

InForce = tuple[str, int, str, float]
"""Model, version, role and weight of a route in force."""
Reached = tuple[str, bool, float]
"""Model, whether this worker reaches its registry, and seconds since it was last heard of."""


def routes(in_force: Iterable[InForce]) -> Metric:
    """Tell who answers which share."""
    shares = GaugeMetricFamily("mainstay_route_weight", "Share of the requests.", labels=["model", "version", "role"])
    for model, version, role, weight in in_force:
        shares.add_metric([model, str(version), role], weight)
    return shares


def registries(reached: Iterable[Reached]) -> Iterator[Metric]:
    """Tell whether each model's registry is reached."""
    reachable = GaugeMetricFamily("mainstay_registry_reachable", "Whether the registry answers.", labels=["model"])
    age = GaugeMetricFamily("mainstay_registry_age_seconds", "Since the registry was last heard of.", labels=["model"])
    for model, answers, seconds in reached:
        reachable.add_metric([model], float(answers))
        age.add_metric([model], seconds)
    yield from (reachable, age)
