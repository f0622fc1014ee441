"""Who was champion after each row of the history, and whether only on trial. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.release.release import Release


@dataclass(frozen=True)
class Tenure:
    """Who was champion after a row of the history, and whether only on trial."""

    version: int
    trial: bool


def tenures(history: Sequence[Release]) -> list[Tenure]:
    """Give one for each row."""
    found: list[Tenure] = []
    for release in history:
        # The row of a canary, arm or shadow says whether *that* is a trial; the champion beside it stays what it was.
        made = release.kind in {"release", "rollback"} or not found
        found.append(Tenure(release.champion, release.trial if made else found[-1].trial))
    return found
