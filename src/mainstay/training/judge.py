"""`Judge`: measures scores of some training rows as the candidates are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.amounts import UNSAID
from mainstay.measures.finding import Finding
from mainstay.models.yardstick import Answers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters, Estimate
    from mainstay.models.policy import Policy
    from mainstay.models.yardstick import Yardstick
    from mainstay.training.lesson import Floats, Lesson

    Places = NDArray[np.int64]


@dataclass(frozen=True)
class Judge:
    """Measures scores as the candidates are measured.

    Parameters
    ----------
    lesson : Lesson
        The rows.
    yardstick : Yardstick
        What is measured, with the amounts of these rows.
    policy : Policy
        Of the chosen candidate.
    clusters : array of int, optional
        Which rows hang together.

    """

    lesson: Lesson
    yardstick: Yardstick
    policy: Policy
    clusters: Clusters | None

    def estimate(self, rows: Places, scores: Floats) -> Estimate:
        """Measure the scores of the rows at these places."""
        stick = self.yardstick.at(rows)
        return stick.estimate(self.lesson.y[rows], self._answers(stick, scores), self._hanging(rows), self.lesson.seed)

    def advantage(self, rows: Places, mine: Floats, other: Floats) -> Estimate:
        """Measure by how much one is better than another on these rows."""
        stick = self.yardstick.at(rows)
        first, second = self._answers(stick, mine), self._answers(stick, other)
        return stick.advantage(self.lesson.y[rows], first, second, self._hanging(rows), self.lesson.seed)

    def finding(self, found: Estimate, where: str, group: str) -> Finding:
        """Write an estimate down."""
        return Finding(
            measure=self.yardstick.name,
            where=where,
            value=found.value if np.isfinite(found.value) else None,
            interval=found.interval,
            n=found.n,
            unit=self.yardstick.unit,
            group=group,
        )

    def _answers(self, stick: Yardstick, scores: Floats) -> Answers:
        return Answers(scores, self.policy, stick.amounts or UNSAID)

    def _hanging(self, rows: Places) -> Clusters | None:
        return None if self.clusters is None else self.clusters[rows]
