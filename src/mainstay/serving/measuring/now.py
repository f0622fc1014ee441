"""What is so at the moment of a scrape, in the worker that is scraped: nobody has to keep it up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.extras import own_version
from mainstay.serving.measuring.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.serving.lineup import Lineup
    from mainstay.serving.served import Served

_ARM = ("model", "version", "role")


def tell_now(models: Sequence[Served]) -> Iterator[Told]:
    """Tell who answers by which release, since when, whether the registries are reached, and how the log is."""
    yield Told("mainstay_build_info", "gauge", "The program; always 1.", ("version",), {(own_version(),): 1})
    yield from _releases(models)
    yield from _registries(models)
    yield Told(
        "mainstay_events_damaged", "gauge", "Lines of the log that were found damaged, kept aside on this machine.",
        ("model", "stream"),
        {(served.name, stream): lines for served in models for stream, lines in served.log.damaged().items()},
    )  # fmt: skip


def _releases(models: Sequence[Served]) -> Iterator[Told]:
    lineups = [(served.name, served.lineup) for served in models if served.lineup is not None]
    yield Told(
        "mainstay_release_info", "gauge", "The release this worker answers by; always 1.",
        ("model", "release", "version", "kind", "trial"),
        {(name, *_named(lineup)): 1 for name, lineup in lineups},
    )  # fmt: skip
    yield Told(
        "mainstay_release_timestamp_seconds", "gauge", "When that release was decided.", ("model",),
        {(name,): lineup.release.at.timestamp() for name, lineup in lineups},
    )  # fmt: skip
    yield Told(
        "mainstay_model_loaded_timestamp_seconds", "gauge", "When this worker loaded a version that answers.", _ARM,
        {
            (name, str(arm.version), arm.route.role): arm.loaded
            for name, lineup in lineups
            for arm in (*lineup.arms, *lineup.shadows)
        },
    )  # fmt: skip
    yield Told(
        "mainstay_route_weight", "gauge", "Share of the requests.", _ARM,
        {
            (name, str(route.version), route.role): route.weight
            for name, lineup in lineups
            for route in lineup.release.routes
        },
    )  # fmt: skip


def _registries(models: Sequence[Served]) -> Iterator[Told]:
    yield Told(
        "mainstay_ready", "gauge", "Whether this worker has a release to answer by.", ("model",),
        {(served.name,): int(served.lineup is not None) for served in models},
    )  # fmt: skip
    yield Told(
        "mainstay_registry_reachable", "gauge", "Whether the registry answers.", ("model",),
        {(served.name,): int(not served.reach.trouble) for served in models},
    )  # fmt: skip
    yield Told(
        "mainstay_registry_age_seconds", "gauge", "Since the registry was last heard of.", ("model",),
        {(served.name,): served.reach.age for served in models},
    )  # fmt: skip


def _named(lineup: Lineup) -> tuple[str, str, str, str]:
    release = lineup.release
    return str(release.id), str(lineup.champion.version), release.kind, "yes" if release.trial else "no"
