"""What the dashboard does: look, and roll back on behalf of a person. No HTTP in here."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING

from mainstay.errors import NotFoundError, ReleaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.render.overview import ModelRow, Overview


class Desk:
    """The two things the dashboard can do, with what it must remember between requests.

    Parameters
    ----------
    build : callable
        ``build(now) -> Overview``.
    rollback : callable
        ``rollback(model, reason, by)``; raises a `mainstay.errors.MainstayError` where it is refused.
    by : str
        Whom the history names.
    keep : float
        For how many seconds an overview is shown again instead of being built anew: ten open pages cost one look.

    """

    def __init__(
        self,
        build: Callable[[dt.datetime], Overview],
        rollback: Callable[[str, str, str], object],
        *,
        by: str,
        keep: float = 2.0,
    ) -> None:
        self.by = by
        self._build = build
        self._rollback = rollback
        self._keep = keep
        self._lock = threading.Lock()
        self._last: tuple[float, Overview] | None = None

    def look(self, *, anew: bool = False) -> Overview:
        """Give the overview, at most `keep` seconds old; `anew` builds it in any case."""
        with self._lock:
            if not anew and self._last is not None and time.monotonic() - self._last[0] < self._keep:
                return self._last[1]
            overview = self._build(dt.datetime.now(dt.UTC))
            self._last = (time.monotonic(), overview)
            return overview

    def model(self, name: str, *, anew: bool = False) -> tuple[Overview, ModelRow]:
        """Give the overview and one model of it.

        Raises
        ------
        NotFoundError
            Naming the models there are.

        """
        overview = self.look(anew=anew)
        row = overview.model(name)
        if row is None:
            known = ", ".join(model.name for model in overview.models) or "none"
            raise NotFoundError("There is no such model here.", f"Known: {known}.")
        return overview, row

    def roll_back(self, name: str, *, seen: int | None, to: int | None, reason: str) -> ModelRow:
        """Roll a model back, if it still is as the person saw it; gives the model as it is afterwards.

        Raises
        ------
        ReleaseError
            Where somebody else changed it meanwhile, or there is nowhere to go back to.

        """
        row = rollback_of(self.model(name, anew=True)[1])
        if (row.version, row.rollback_to) != (seen, to):
            raise ReleaseError(
                f"Meanwhile v{row.version} answers for {name}, not v{seen}: nothing was changed.",
                "Look at it again before you decide.",
            )
        self._rollback(name, reason, self.by)
        return self.model(name, anew=True)[1]


def rollback_of(row: ModelRow) -> ModelRow:
    """Give the model back, if it has somewhere to go back to."""
    if row.unread:
        raise ReleaseError(f"{row.name} can't be looked at now: {row.note}", "Nothing was changed.")
    if row.version is None or row.rollback_to is None:
        raise ReleaseError(
            f"{row.name} has no earlier version that served: there is nothing to roll back to.",
            "Release another version, or stop asking it.",
        )
    return row
