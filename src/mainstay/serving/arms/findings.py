"""What a server finds about the arms of a release: findings like any other, which the controller turns into alerts."""

from __future__ import annotations

from mainstay.measures.finding import Finding, Limit

GROUP = "server"
"""The group of what servers find by themselves, between two windows."""
FAILING, ENDED, LOADED = "failing", "workers_ended", "loaded"


def failing(version: int, share: float, limit: float, note: str) -> Finding:
    """Say that an arm was taken out of rotation, or still is.

    Examples
    --------
    >>> failing(3, 1.0, 0.5, "ValueError").key
    'server/failing/version 3'

    """
    return Finding(
        measure=FAILING, where=f"version {version}", value=share, limit=Limit("at_most", limit), ok=False, group=GROUP,
        note=note,
    )  # fmt: skip


def recovered(version: int, limit: float) -> Finding:
    """Say that an arm answers again."""
    return Finding(
        measure=FAILING, where=f"version {version}", value=0.0, limit=Limit("at_most", limit), ok=True, group=GROUP,
        note="It answers again.",
    )  # fmt: skip


def ended(version: int, workers: int, note: str) -> Finding:
    """Say that a version ended workers, and isn't loaded any more."""
    return Finding(
        measure=ENDED, where=f"version {version}", value=float(workers), limit=Limit("at_most", 0), ok=False,
        group=GROUP, note=note,
    )  # fmt: skip


def unloaded(version: int, note: str) -> Finding:
    """Say that a released version can't be loaded here."""
    return Finding(
        measure=LOADED, where=f"version {version}", value=0.0, limit=Limit("at_least", 1), ok=False, group=GROUP,
        note=note,
    )  # fmt: skip
