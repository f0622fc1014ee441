"""Each group's rates with their intervals, and the widest gap between any two groups of a column.

Names are the field's: demographic parity compares selection rates (and the four-fifths rule their ratio), equal
opportunity true-positive rates, equalised odds both error rates (Hardt, Price and Srebro 2016); calibration within
groups compares truth and score (Kleinberg and others 2017, who also show that not all can be equal at once).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluation.findings import found
from mainstay.evaluation.inclusion.groups import group_columns, group_rows
from mainstay.measures.disparity import larger_gap, lowest_ratio, widest_gap
from mainstay.measures.intervals import influence_estimate, mean_estimate, proportion_estimate, unmeasured
from mainstay.measures.scores import ratio, ratio_influences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.disparity import Measured
    from mainstay.measures.finding import Finding
    from mainstay.measures.intervals import Clusters, Estimate, Scale

    Floats = NDArray[np.float64]

GROUP, GAP = "inclusion", "inclusion_gap"
LARGER = "equalised_odds"
RATIO = "four_fifths"
_GAPS = {
    "selection_rate": "selection_rate",
    "equal_opportunity": "true_positive_rate",
    "calibration": "calibration",
    "accuracy": "accuracy",
    "mean_error": "mean_error",
    "mae": "mae",
}
_FEWEST = 20  # rows behind a rate, below which a group is shown and not compared


@dataclass(frozen=True)
class _Rate:
    """One number of a group: a share among some rows, or a mean over all of them."""

    values: Floats
    among: Floats | None = None
    weights: Floats | None = None

    def estimate(self, rows: NDArray[np.intp], clusters: Clusters | None, level: float) -> Estimate:
        hanging = None if clusters is None else clusters[rows]
        if self.weights is not None:
            return self._weighed(rows, self.weights[rows], hanging, level)
        if self.among is None:
            return mean_estimate(self.values[rows], hanging, level)
        return proportion_estimate(self.values[rows], self.among[rows], hanging, level)

    def _weighed(self, rows: NDArray[np.intp], weights: Floats, hanging: Clusters | None, level: float) -> Estimate:
        """Estimate where each row stands for several records of the world."""
        among = np.ones(rows.size) if self.among is None else self.among[rows]
        top, bottom = weights * among * self.values[rows], weights * among
        if not bottom.any():
            return unmeasured(0)
        scale: Scale = "plain" if self.among is None else "share"
        parts, n = ratio_influences(top, bottom), int(np.sum(among))
        found = influence_estimate(ratio(top, bottom), parts, scale=scale, clusters=hanging, few=n, level=level)
        return replace(found, n=n)


def measure_inclusion(snapshot: Snapshot, held: HeldOut, settings: EvaluationSettings) -> tuple[Finding, ...]:
    """Measure how the groups of each sensitive column are served.

    Returns
    -------
    tuple of Finding
        Of each group its rates and the primary measure (group ``"inclusion"``, ``where`` is ``"gender=F"``), and of
        each column the gaps (``"inclusion_gap"``, ``where`` is the column). Groups with fewer than `min_segment_rows`
        rows are shown and not compared.

    """
    columns = group_columns(settings, snapshot.contract, snapshot.test.frame.columns)
    return tuple(finding for name in columns for finding in _column(snapshot, held, name, settings.min_segment_rows))


def _column(snapshot: Snapshot, held: HeldOut, name: str, min_rows: int) -> Iterator[Finding]:
    labels = group_rows(snapshot, name)
    names, counts = np.unique(labels, return_counts=True)
    rates = {rate: replace(one, weights=held.yardstick.weights) for rate, one in _rates(held).items()}
    compared: dict[str, list[Measured]] = {rate: [] for rate in rates}
    for label, n in sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda one: -one[1]):
        rows = np.flatnonzero(labels == label)
        where, few = f"{name}={label}", n < min_rows
        note = f"{n} rows: too few to compare." if few else ""
        here = held.take(rows)
        primary = here.yardstick.estimate(here.truth, here.mine, here.clusters, here.seed)
        stick = here.yardstick
        yield _noted(found(primary, stick.name, where=where, unit=stick.unit, group=GROUP), note)
        for rate, one in rates.items():
            estimate = one.estimate(rows, held.clusters, 0.95)
            yield _noted(found(estimate, rate, where=where, group=GROUP), note)
            if not few and estimate.n >= _FEWEST:
                compared[rate].append(partial(one.estimate, rows, held.clusters))
    yield from _gaps(name, compared)


def _rates(held: HeldOut) -> dict[str, _Rate]:
    truth, mine, kind = held.truth, held.mine, held.yardstick.task.kind
    every = np.ones(truth.size)
    if kind == "regression":
        off = mine.scores - truth
        return {"mean_error": _Rate(off), "mae": _Rate(np.abs(off))}
    if kind == "multiclass":
        right = (np.argmax(mine.scores, axis=1) == truth).astype(np.float64)
        return {"accuracy": _Rate(right, every)}
    acted = mine.acted.astype(np.float64)
    right = ((mine.scores >= 0.5) == (truth > 0.5)).astype(np.float64)
    return {
        "selection_rate": _Rate(acted, every),
        "true_positive_rate": _Rate(acted, truth),
        "false_positive_rate": _Rate(acted, 1 - truth),
        "calibration": _Rate(truth - mine.scores),
        "accuracy": _Rate(right, every),
    }


def _gaps(name: str, compared: dict[str, list[Measured]]) -> Iterator[Finding]:
    for gap, rate in _GAPS.items():
        if rate in compared:
            yield _gap(name, gap, widest_gap(compared[rate]), len(compared[rate]))
    if "selection_rate" in compared:
        positives, negatives = compared["true_positive_rate"], compared["false_positive_rate"]
        both = min(len(positives), len(negatives))
        yield _gap(name, LARGER, larger_gap(positives, negatives), both)
        selected = compared["selection_rate"]
        yield _gap(name, RATIO, lowest_ratio(selected), len(selected))


def _gap(name: str, gap: str, estimate: Estimate, groups: int) -> Finding:
    words = "Lowest selection rate over the highest" if gap == RATIO else "Widest gap between any two"
    finding = found(estimate, gap, where=name, group=GAP, note=f"{words} of {groups} groups.")
    if finding.value is None:
        few = "Fewer than two groups have enough rows to compare."
        return msgspec.structs.replace(finding, note=few)
    return finding


def _noted(finding: Finding, note: str) -> Finding:
    return msgspec.structs.replace(finding, note=note) if note else finding
