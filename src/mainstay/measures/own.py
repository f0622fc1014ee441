"""`OwnMeasure`: a project's own function of truth and scores, with the interval and the comparison of any other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.measures import scores as of
from mainstay.measures.intervals import (
    Estimate,
    bootstrap_estimate,
    influence_estimate,
    proportion_estimate,
    skewed_estimate,
    unmeasured,
)
from mainstay.measures.measure import PLAIN, Measure, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters

    Floats = NDArray[np.float64]
    Places = NDArray[np.integer] | NDArray[np.bool_]

DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class OwnMeasure(Measure):
    """A function of one's own.

    Where it gives a number per row, the measure is their mean, with the interval of a mean; rows that are NaN don't
    count. Where it gives one number, the rows are drawn again 200 times (bootstrap).

    Parameters
    ----------
    function : callable
        From truth and scores, and where `wants_frame` a table of the same rows, to a number or an array of shape (n,).
    wants_frame : bool
        Whether it wants that table.
    frame : table, optional
        The rows that are measured; see `on_rows`.

    """

    function: Callable[..., Any]
    wants_frame: bool = False
    frame: Any = None

    def on_rows(self, frame: Any) -> OwnMeasure:
        """Give the measure for these rows."""
        return replace(self, frame=frame) if self.wants_frame else self

    def at(self, places: Places) -> OwnMeasure:
        """Give the measure for some of its rows."""
        if not self.wants_frame or self.frame is None:
            return self
        return replace(self, frame=self.frame[_numbers(places)])

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:  # noqa: ARG002 - the base's signature
        """Give the number alone."""
        found = self._call(truth, scores)
        return float(found) if np.ndim(found) == 0 else of.ratio(*_counted(found))

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the number with its interval."""
        return self._estimate(truth, (scores,), (1.0,), setting)

    def advantage(
        self, truth: Floats, mine: tuple[Floats, float], other: tuple[Floats, float], setting: Setting = PLAIN
    ) -> Estimate:
        """Give by how much one model is better: row by row where the function is, else on the same draws."""
        sign = 1.0 if self.better == "higher" else -1.0
        return self._estimate(truth, (mine[0], other[0]), (sign, -sign), setting)

    def _estimate(
        self, truth: Floats, scores: tuple[Floats, ...], signs: tuple[float, ...], setting: Setting
    ) -> Estimate:
        if not truth.size:
            return unmeasured(0)
        found = [self._call(truth, one) for one in scores]
        if all(np.ndim(one) == 1 for one in found):
            return _of_rows(found[0], setting) if len(found) == 1 else _between(found, signs, setting.clusters)

        def drawn(places: Places) -> float:
            sample = self.at(places)
            parts = [_number(sample, truth[places], one[places]) for one in scores]
            return math.fsum(sign * part for sign, part in zip(signs, parts, strict=True))

        value = math.fsum(sign * float(np.mean(one)) for sign, one in zip(signs, found, strict=True))
        return bootstrap_estimate(value, drawn, truth.size, setting.seed, count=DRAWS, clusters=setting.clusters)

    def _call(self, truth: Floats, scores: Floats) -> Any:
        return self.function(truth, scores, self.frame) if self.wants_frame else self.function(truth, scores)


def _of_rows(rows: Floats, setting: Setting) -> Estimate:
    """Estimate a mean over the rows that count; a share, where each is 0 or 1."""
    values, among = _counted(rows)
    if np.isin(values, (0.0, 1.0)).all():
        return proportion_estimate(values, among, setting.clusters)
    estimate = skewed_estimate(of.ratio(values, among), of.ratio_influences(values, among), setting.clusters)
    return replace(estimate, n=int(among.sum()))


def _between(found: list[Floats], signs: tuple[float, ...], clusters: Clusters | None) -> Estimate:
    pairs = [_counted(one) for one in found]
    value = math.fsum(sign * of.ratio(*pair) for sign, pair in zip(signs, pairs, strict=True))
    parts = [sign * of.ratio_influences(*pair) for sign, pair in zip(signs, pairs, strict=True)]
    estimate = influence_estimate(value, np.asarray(np.sum(parts, axis=0)), clusters=clusters)
    return replace(estimate, n=int(pairs[0][1].sum()))


def _counted(rows: Floats) -> tuple[Floats, Floats]:
    there = np.isfinite(rows)
    return np.where(there, rows, 0.0), there.astype(np.float64)


def _number(measure: OwnMeasure, truth: Floats, scores: Floats) -> float:
    """Measure a drawn sample; NaN where their function can't: a sample may lack what the whole has."""
    try:
        return measure.value(truth, scores, 0.5)
    except Exception:  # noqa: BLE001 - the function is theirs, and it did take the whole
        return math.nan


def _numbers(places: Places) -> NDArray[np.int64]:
    return np.flatnonzero(places) if places.dtype == np.bool_ else np.asarray(places, dtype=np.int64)
