"""Intervals: how far an estimate may be from the truth, given how many rows it stands on.

Nominal coverage is 95 % unless said; ``tests/unit/measures/test_measures_coverage.py`` measures what each one really
covers. Rows that hang together (records of one household, hours of one day) are not so many independent rows: every
function takes `clusters`, a label per row, and counts clusters instead of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.measures.intervals.calibration import calibration_estimate
from mainstay.measures.intervals.clusters import standard_error, which_hang_together, worth_in_freedom
from mainstay.measures.intervals.estimate import LEVEL, Estimate, student, unmeasured
from mainstay.measures.intervals.influences import influence_estimate, mean_estimate
from mainstay.measures.intervals.resampling import bootstrap, bootstrap_draws, bootstrap_estimate, moved_out
from mainstay.measures.intervals.shares import proportion_estimate, wilson
from mainstay.measures.intervals.skewed import skewed_estimate, skewed_mean_estimate

if TYPE_CHECKING:
    from mainstay.measures.intervals.clusters import Clusters as Clusters
    from mainstay.measures.intervals.influences import Scale as Scale

__all__ = [
    "LEVEL",
    "Estimate",
    "bootstrap",
    "bootstrap_draws",
    "bootstrap_estimate",
    "calibration_estimate",
    "influence_estimate",
    "mean_estimate",
    "moved_out",
    "proportion_estimate",
    "skewed_estimate",
    "skewed_mean_estimate",
    "standard_error",
    "student",
    "unmeasured",
    "which_hang_together",
    "wilson",
    "worth_in_freedom",
]
