"""What a measure is: a number, its interval, and a paired comparison of two models. Four shapes cover the field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mainstay.measures import scores as of
from mainstay.measures.intervals import (
    Estimate,
    bootstrap,
    calibration_estimate,
    influence_estimate,
    proportion_estimate,
    skewed_mean_estimate,
    unmeasured,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters, Scale

    Floats = NDArray[np.float64]

Kind = Literal["binary", "multiclass", "regression"]
"""What is predicted: yes or no, one of several classes, or an amount."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How to measure: what doesn't depend on the measure.

    Parameters
    ----------
    threshold : float
        Where acting begins; only read by measures of decisions.
    clusters : array of int, shape (n,), optional
        Which rows hang together.
    seed : int
        For intervals that are drawn.

    """

    threshold: float = 0.5
    clusters: Clusters | None = None
    seed: int = 7


PLAIN = Setting()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of predictions against the truth; a subclass says how sure its number is.

    Parameters
    ----------
    name, label : str
        As in the project file, and for the reader.
    kind : {"binary", "multiclass", "regression"}
        What it measures.
    better : {"higher", "lower"}
        Which way is good.
    of_decisions : bool
        Whether it depends on the threshold.
    ranks : bool
        Whether candidates can be ranked on it alone.

    """

    name: str
    label: str
    kind: Kind
    better: Literal["higher", "lower"]
    of_decisions: bool = False
    ranks: bool = True

    def remark(self, truth: Floats) -> str:  # noqa: ARG002 - most have nothing to say of the rows
        """Say what a reader must know about these rows; empty for nothing."""
        return ""

    def on_rows(self, frame: Any) -> Measure:  # noqa: ARG002 - most look at truth and scores alone
        """Give the measure for these rows: itself, where it looks at truth and scores alone."""
        return self

    def at(self, places: NDArray[np.integer] | NDArray[np.bool_]) -> Measure:  # noqa: ARG002 - as `on_rows`
        """Give the measure for some of its rows."""
        return self

    @property
    def spread(self) -> Scale:
        """Where its estimate is nearly normal."""
        return "plain"

    def as_ratio(self, truth: Floats, scores: Floats, threshold: float) -> tuple[Floats, Floats] | None:  # noqa: ARG002 - of those that are none
        """Give each row's part of the two means it is a ratio of; None where it is none."""
        return None

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:
        """Give the number alone."""
        raise NotImplementedError

    def influences(self, truth: Floats, scores: Floats, threshold: float) -> Floats:
        """Give the influence of each row on the number."""
        raise NotImplementedError

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Measure, with interval; an estimate without value where there is nothing to measure."""
        raise NotImplementedError

    def advantage(
        self, truth: Floats, mine: tuple[Floats, float], other: tuple[Floats, float], setting: Setting = PLAIN
    ) -> Estimate:
        """Measure by how much one model is better than another on the same rows; positive is better.

        Both are judged on each row together (paired), so what makes a row hard for both cancels.

        Parameters
        ----------
        truth : array, shape (n,)
        mine, other : tuple of array and float
            Scores, shape (n,), and threshold of each.
        setting : Setting
            Its threshold is not read.

        """
        if not truth.size:
            return unmeasured(0)
        sign = 1.0 if self.better == "higher" else -1.0
        number = self.value(truth, *mine) - self.value(truth, *other)
        influences = self.influences(truth, *mine) - self.influences(truth, *other)
        return influence_estimate(sign * number, influences, clusters=setting.clusters)


@dataclass(frozen=True, kw_only=True)
class MeanMeasure(Measure):
    """A mean over the rows; `rows` gives each row's part."""

    rows: Callable[[Floats, Floats], Floats]

    def as_ratio(self, truth: Floats, scores: Floats, threshold: float) -> tuple[Floats, Floats]:  # noqa: ARG002 - the base's signature
        """Give the rows' parts, each counting once."""
        return self.rows(truth, scores), np.ones(truth.size)

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:  # noqa: ARG002 - the base's signature
        """Give the mean."""
        return float(np.mean(self.rows(truth, scores)))

    def influences(self, truth: Floats, scores: Floats, threshold: float) -> Floats:  # noqa: ARG002 - the base's signature
        """Give each row's distance from the mean."""
        rows = self.rows(truth, scores)
        return np.asarray(rows - np.mean(rows))

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the mean with an interval that leans to the side of large losses."""
        return skewed_mean_estimate(self.rows(truth, scores), setting.clusters)


@dataclass(frozen=True, kw_only=True)
class ShareMeasure(Measure):
    """A proportion; `pair` gives for each row whether it hits and whether it counts at all, both 0/1."""

    pair: Callable[[Floats, Floats, float], tuple[Floats, Floats]]

    @property
    def spread(self) -> Scale:
        """On the log odds."""
        return "share"

    def as_ratio(self, truth: Floats, scores: Floats, threshold: float) -> tuple[Floats, Floats]:
        """Give the hits among those that count, and those that count."""
        hits, among = self.pair(truth, scores, threshold)
        return hits * among, among

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:
        """Give the proportion."""
        hits, among = self.pair(truth, scores, threshold)
        return of.ratio(hits * among, among)

    def influences(self, truth: Floats, scores: Floats, threshold: float) -> Floats:
        """Give the influences on a ratio of two means."""
        hits, among = self.pair(truth, scores, threshold)
        return of.ratio_influences(hits * among, among)

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the proportion with Wilson's interval."""
        return proportion_estimate(*self.pair(truth, scores, setting.threshold), clusters=setting.clusters)


@dataclass(frozen=True, kw_only=True)
class RatioMeasure(Measure):
    """A ratio of two means; `pair` gives the two for each row. Rows whose lower one is zero don't count."""

    pair: Callable[[Floats, Floats], tuple[Floats, Floats]]
    scale: Scale = "plain"
    left_out: str = ""

    @property
    def spread(self) -> Scale:
        """Its own scale."""
        return self.scale

    def as_ratio(self, truth: Floats, scores: Floats, threshold: float) -> tuple[Floats, Floats]:  # noqa: ARG002 - the base's signature
        """Give the two parts of each row."""
        return self.pair(truth, scores)

    def remark(self, truth: Floats) -> str:
        """Say how many rows don't count, and why."""
        without = int(np.sum(self.pair(truth, truth)[1] == 0))
        return f"{without} of {truth.size} rows are left out: {self.left_out}." if without else ""

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:  # noqa: ARG002 - the base's signature
        """Give the ratio."""
        return of.ratio(*self.pair(truth, scores))

    def influences(self, truth: Floats, scores: Floats, threshold: float) -> Floats:  # noqa: ARG002 - the base's signature
        """Give the influences on a ratio of two means."""
        return of.ratio_influences(*self.pair(truth, scores))

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the ratio with the interval its influences make."""
        top, bottom = self.pair(truth, scores)
        n = int(np.sum(bottom != 0))
        if n == 0:
            return unmeasured(0)
        parts = of.ratio_influences(top, bottom)
        found = influence_estimate(of.ratio(top, bottom), parts, scale=self.scale, clusters=setting.clusters, few=n)
        return replace(found, n=n)


@dataclass(frozen=True, kw_only=True)
class SmoothMeasure(Measure):
    """A number that is no mean but smooth: `number` gives it, `parts` the influence of each row.

    `halves` gives the two parts of each row where it is a ratio of means.
    """

    number: Callable[[Floats, Floats, float], float]
    parts: Callable[[Floats, Floats, float], Floats]
    scale: Scale = "plain"
    halves: Callable[[Floats, Floats, float], tuple[Floats, Floats]] | None = None

    @property
    def spread(self) -> Scale:
        """Its own scale."""
        return self.scale

    def as_ratio(self, truth: Floats, scores: Floats, threshold: float) -> tuple[Floats, Floats] | None:
        """Give what it is a ratio of, where it is one."""
        return None if self.halves is None else self.halves(truth, scores, threshold)

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:
        """Give the number."""
        return self.number(truth, scores, threshold)

    def influences(self, truth: Floats, scores: Floats, threshold: float) -> Floats:
        """Give the influences."""
        return self.parts(truth, scores, threshold)

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the number with the interval its influences make, on its own scale."""
        if not truth.size:
            return unmeasured(0)
        number, parts = (take(truth, scores, setting.threshold) for take in (self.number, self.parts))
        few = None if self.kind == "regression" else _rarest(truth)
        return influence_estimate(
            float(number), np.asarray(parts), scale=self.scale, clusters=setting.clusters, few=few
        )


@dataclass(frozen=True, kw_only=True)
class DrawnMeasure(Measure):
    """Any other number: `under` gives it for each row of weights, shape (b, n), and the bootstrap its interval."""

    under: Callable[[Floats, Floats, Floats], Floats]

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:  # noqa: ARG002 - the base's signature
        """Give the number with every row once."""
        return float(self.under(truth, scores, np.ones((1, truth.size)))[0])

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the number with the percentile interval of 500 draws (200 above 50 000 rows)."""
        return self.draw(lambda weights: self.under(truth, scores, weights), truth, setting)

    def advantage(
        self, truth: Floats, mine: tuple[Floats, float], other: tuple[Floats, float], setting: Setting = PLAIN
    ) -> Estimate:
        """Draw the same rows for both and compare."""
        sign = 1.0 if self.better == "higher" else -1.0

        def difference(weights: Floats) -> Floats:
            return sign * (self.under(truth, mine[0], weights) - self.under(truth, other[0], weights))

        return self.draw(difference, truth, setting)

    def draw(self, statistic: Callable[[Floats], Floats], truth: Floats, setting: Setting) -> Estimate:
        """Draw the rows and give the statistic with its percentile interval."""
        n = truth.size
        if not n:
            return unmeasured(0)
        count = 500 if n <= 50_000 else 200
        few = None if self.kind == "regression" else _rarest(truth)
        return bootstrap(statistic, n, setting.seed, count=count, clusters=setting.clusters, few=few)


@dataclass(frozen=True, kw_only=True)
class CalibrationMeasure(Measure):
    """The expected calibration error, with the part that chance adds taken off."""

    ranks: bool = False

    def value(self, truth: Floats, scores: Floats, threshold: float) -> float:  # noqa: ARG002 - the base's signature
        """Give the error as the field computes it, chance included."""
        return of.calibration_error(truth, scores)

    def estimate(self, truth: Floats, scores: Floats, setting: Setting = PLAIN) -> Estimate:
        """Give the error without chance, and the interval of a test turned around."""
        return calibration_estimate(truth, scores, setting.seed)


def _rarest(truth: Floats) -> int:
    """Count the rows of the rarest label that occurs; 1 where only one does."""
    counts = np.unique(truth, return_counts=True)[1]
    return int(counts.min()) if counts.size > 1 else 1
