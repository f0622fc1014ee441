"""Four-way gaps: one measure on training rows, held-out rows, later rows and live answers, and what each gap means.

Rule 37 of Google's Rules of Machine Learning (Zinkevich): the difference between training and held-out rows is
overfitting, between held-out rows and the next day's it is a world that moves, and between the next day and live it is
an engineering error, because the same model should answer the same rows alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.evaluation.findings import found
from mainstay.measures.finding import Finding, Interval
from mainstay.measures.intervals import Estimate, student

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.measures.amounts import Amounts
    from mainstay.measures.intervals import Clusters
    from mainstay.models.yardstick import Answers, Yardstick

    Floats = NDArray[np.float64]

Stage = Literal["training", "held out", "next", "live"]
MEANING: dict[tuple[Stage, Stage], str] = {
    ("training", "held out"): "overfitting: the model knows its own rows better than new ones",
    ("held out", "next"): "the world moves: later rows are harder than those of the same time (non-stationarity)",
    ("next", "live"): "training-serving skew: live, the same model does worse on the same days, so records are made or "
    "read differently there; compare features, policies and versions before anything else",
    ("held out", "live"): "the world moves, or records are made differently live; give later labelled rows (--next) to "
    "tell the two apart",
}
GROUP = "gap"


@dataclass(frozen=True)
class Seen:
    """Rows of one stage, answered by one version.

    Parameters
    ----------
    stage : {"training", "held out", "next", "live"}
        Which rows.
    truth : array, shape (n,)
        What really happened.
    answers : Answers
        What the version said.
    clusters : array of int, shape (n,), or None
        Which rows hang together.
    note : str
        Where the rows come from.
    amounts : Amounts, optional
        What answers on these rows are worth, where that differs between records.
    weights : array, shape (n,), optional
        How many records of the world each row stands for.

    """

    stage: Stage
    truth: Floats
    answers: Answers
    clusters: Clusters | None
    note: str
    amounts: Amounts | None = None
    weights: Floats | None = None

    def measured_by(self, yardstick: Yardstick) -> Yardstick:
        """Give the yardstick for these rows."""
        return yardstick.on(self.amounts, self.weights)


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """From one stage to the next.

    Parameters
    ----------
    before, after : str
        The stages.
    worse : Finding
        By how much the later one is worse (above 0) or better (below), with interval; `ok` is False where it is worse
        beyond chance.
    meaning : str
        What a gap here means; empty where chance explains it.

    """

    before: Stage
    after: Stage
    worse: Finding
    meaning: str


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """One measure along the four stages.

    Parameters
    ----------
    measure : str
        Its name for a reader.
    stages : tuple of Finding
        The measure on each stage's rows.
    gaps : tuple of Gap
        Between neighbours.

    """

    measure: str
    stages: tuple[Finding, ...]
    gaps: tuple[Gap, ...]


def measure_gaps(seen: Sequence[Seen], yardstick: Yardstick, seed: int = 7) -> Gaps:
    """Measure the stages and the gaps between them.

    Parameters
    ----------
    seen : sequence of Seen
        In the order of the stages; those without rows are left out beforehand.
    yardstick : Yardstick
        What to measure.
    seed : int
        For intervals that are drawn.

    """
    estimates = [each.measured_by(yardstick).estimate(each.truth, each.answers, each.clusters, seed) for each in seen]
    stages = tuple(
        found(estimate, yardstick.name, where=each.stage, unit=yardstick.unit, group=GROUP, note=each.note)
        for each, estimate in zip(seen, estimates, strict=True)
    )
    sign = 1.0 if yardstick.better == "lower" else -1.0
    gaps = tuple(
        _gap((first.stage, second.stage), difference(before, after, sign), yardstick)
        for (first, before), (second, after) in pairwise(zip(seen, estimates, strict=True))
    )
    return Gaps(measure=yardstick.words, stages=stages, gaps=gaps)


def _gap(between: tuple[Stage, Stage], worse: Estimate, yardstick: Yardstick) -> Gap:
    first, second = between
    real = worse.interval is not None and worse.interval.low > 0
    told = found(worse, f"worse_{yardstick.name}", where=f"{first} -> {second}", unit=yardstick.unit, group=GROUP)
    told = msgspec.structs.replace(told, ok=not real if worse.interval is not None else None)
    return Gap(before=first, after=second, worse=told, meaning=MEANING.get(between, "") if real else "")


def difference(before: Estimate, after: Estimate, sign: float = 1.0) -> Estimate:
    """Give the difference of two estimates on different rows: Welch's interval.

    Examples
    --------
    >>> a, b = Estimate(1.0, None, 0.3, 100), Estimate(2.0, None, 0.4, 100)
    >>> gap = difference(a, b)
    >>> gap.value, gap.error, round(gap.interval.low, 2)
    (1.0, 0.5, 0.01)

    """
    value = sign * (after.value - before.value)
    error = math.hypot(before.error, after.error)
    n = min(before.n, after.n)
    if not (math.isfinite(value) and math.isfinite(error)) or n < 2:
        return Estimate(value, None, error, n)
    parts = ((before.error**4 / max(before.n - 1, 1)), (after.error**4 / max(after.n - 1, 1)))
    freedom = max(1, round(error**4 / sum(parts))) if sum(parts) > 0 else n - 1
    half = student(0.95, freedom) * error
    return Estimate(value, Interval(value - half, value + half), error, n)
