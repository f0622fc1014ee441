"""The expected calibration error without the part that chance adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Interval
from mainstay.measures.intervals.estimate import LEVEL, Estimate, unmeasured
from mainstay.measures.scores import calibration_gaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def calibration_estimate(
    truth: Floats,
    scores: Floats,
    seed: int,
    *,
    bins: int = 10,
    level: float = LEVEL,
    weights: Floats | None = None,
) -> Estimate:
    """Estimate the expected calibration error without the part that chance adds to it.

    The seen gaps of the bins are shrunk and stretched by a factor; for each factor the gaps are drawn again with their
    standard errors. The estimate is the error whose median draw is the error seen; the interval holds the errors under
    which what was seen would not be extreme (a test turned around), so it reaches 0 exactly where chance alone
    explains everything.
    """
    n = truth.size
    if n < 2 * bins:
        return unmeasured(n)
    share, gap, noise = calibration_gaps(truth, scores, bins, weights)
    seen = float(share @ np.abs(gap))
    factors = np.concatenate([np.linspace(0, 1.5, 31), np.linspace(1.6, 4, 25)])
    luck = np.random.default_rng(seed).standard_normal((1000, gap.size)) * noise
    draws = np.abs(factors[:, None, None] * gap + luck) @ share  # (factors, 1000), growing with the factor
    tails = [(1 + level) / 2, 0.5, (1 - level) / 2]
    low, middle, high = (_where_reaches(np.quantile(draws, tail, axis=1), factors * seen, seen) for tail in tails)
    return Estimate(middle, Interval(low, max(high, middle), level), float(np.std(luck @ share, ddof=1)), n)


def _where_reaches(curve: Floats, answers: Floats, level: float) -> float:
    """Where a growing curve reaches `level`; 0 where it starts above, the last answer where it never does."""
    return float(np.interp(level, np.maximum.accumulate(curve), answers, left=0.0, right=answers[-1]))
