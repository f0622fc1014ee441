"""`Reckoner`: counts what one model answers and refuses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mainstay.serving.measuring.metrics import UNPREDICTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.cases import Case
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.measuring.tally import Tally
    from mainstay.serving.replies import Refused

_UNKNOWN = "other"


class Reckoner:
    """The counts of one model; for the event loop's thread alone.

    Parameters
    ----------
    model : str
        Its name.
    metrics : Metrics
        Where it is counted.

    """

    def __init__(self, model: str, metrics: Metrics) -> None:
        self.model = model
        self._metrics = metrics
        self._tallies: dict[tuple[object, str, str], Tally] = {}
        # What alerts look at is there from the start: of a number that comes from nowhere nobody sees that it grew.
        for stream in ("predictions", "feedback", "refusals"):
            metrics.lost.labels(model, stream)
        for outcome in ("taken", "refused"):
            metrics.swaps.labels(model, outcome)

    def answered(self, route: str, cases: Sequence[Case], started: int) -> None:
        """Count a request whose records were answered.

        Parameters
        ----------
        route : str
            The door's name.
        cases : sequence of Case
            Its records, at least one.
        started : int
            When it arrived, by ``time.perf_counter_ns``.

        """
        tally = self._tally(cases[0].arm, route)
        took = time.perf_counter_ns() - started
        if len(cases) == 1:
            tally.answered(took, 1)
        else:
            self._answered_by_several(tally, route, cases, took)
        if route in UNPREDICTED:
            return
        for case in cases:
            row = case.row
            if row.degraded:
                self._metrics.degraded.labels(self.model, case.arm.version).inc()
            for deed in row.deeds:
                self._metrics.policy.labels(self.model, deed.column, deed.why, deed.did).inc()

    def told(self, route: str, lines: int, started: int) -> None:
        """Count feedback that was taken."""
        tally = self._tallies.get(("", "", route))
        if tally is None:
            tally = self._tallies["", "", route] = self._metrics.tally(self.model, "", "", route)
        tally.answered(time.perf_counter_ns() - started, lines)
        self._metrics.feedback.labels(self.model).inc(lines)

    def again(self, route: str) -> None:
        """Count an answer that was given once more to a request with the same key: its records are counted already."""
        self._metrics.requests.labels(self.model, "", "", route, 200, "replay").inc()

    def refused(self, route: str, refused: Refused, lineup: Lineup | None) -> None:
        """Count a refusal, and what was wrong by field; by the arm whose contract refused, where one was chosen."""
        by = (refused.route.version, refused.route.role) if refused.route else ("", "")
        self._metrics.requests.labels(self.model, *by, route, refused.status, refused.cause).inc()
        if not refused.errors:
            return
        known = frozenset(lineup.champion.bundle.contract.names) if lineup else frozenset()
        for problem in refused.errors:
            field = problem.field if problem.field in known else _UNKNOWN
            self._metrics.refused_fields.labels(self.model, field).inc()

    def _answered_by_several(self, first: Tally, route: str, cases: Sequence[Case], took: int) -> None:
        others: dict[Tally, int] = {}
        for case in cases:
            tally = self._tally(case.arm, route)
            if tally is not first:
                others[tally] = others.get(tally, 0) + 1
        first.answered(took, len(cases), sum(others.values()))
        for tally, records in others.items():
            tally.joined(records)

    def _tally(self, arm: Arm, route: str) -> Tally:
        key = (arm.route.version, arm.route.role, route)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = self._metrics.tally(self.model, *key)
        return tally
