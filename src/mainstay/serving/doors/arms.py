"""Whose contract a request is read by: that of the version or part it names, else the champion's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.serving.lineup import Arm, Lineup


def arm_asked(lineup: Lineup, version: int | None = None, role: str | None = None) -> Arm:
    """Give the arm a request names; where there is none, the champion: whoever answers refuses what isn't served."""
    for arm in (*lineup.arms, *lineup.shadows):
        if version in (None, arm.version) and role in (None, arm.route.role) and (version, role) != (None, None):
            return arm
    return lineup.champion
