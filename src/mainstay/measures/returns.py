"""What money depends on: on how many are acted on, on each amount, and on what acting costs. Each with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.intervals import Estimate, influence_estimate, skewed_estimate, unmeasured
from mainstay.measures.scores import ratio, ratio_influences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters

    Floats = NDArray[np.float64]


def gain_at_share(
    gained: Floats, ranked: Floats, share: float, clusters: Clusters | None = None, weights: Floats | None = None
) -> Estimate:
    """Estimate the mean gain of acting on the best `share` of the records.

    Where the capacity ends among records of one rank, each of them counts in part, as drawing lots would. The interval
    knows that the cut was found on the same rows: to the influence of a row on a mean comes what moving the cut costs,
    the gain at the cut (the influence function of a trimmed mean; Hampel 1974).

    Parameters
    ----------
    gained : array, shape (n,)
        What acting gains on each record.
    ranked : array, shape (n,)
        What they are ranked by; the highest is acted on first.
    share : float
        0 to 1.
    clusters : array of int, shape (n,), optional
        Which rows hang together.
    weights : array, shape (n,), optional
        How many records each row stands for.

    Examples
    --------
    >>> gained, ranked = np.array([10.0, -1.0, 4.0, -1.0]), np.array([0.9, 0.1, 0.8, 0.2])
    >>> [gain_at_share(gained, ranked, share).value for share in (0.25, 0.5, 1.0)]
    [2.5, 3.5, 3.0]

    """
    n = gained.size
    if not n:
        return unmeasured(0)
    mass = np.full(n, 1.0) if weights is None else weights / np.mean(weights)
    order = np.argsort(-ranked, kind="stable")
    place = int(np.searchsorted(np.cumsum(mass[order]), share * n * (1 - 1e-12)))
    cut = ranked[order[min(place, n - 1)]] if share > 0 else np.inf
    above, level = ranked > cut, ranked == cut
    there = float(np.sum(mass[level]))
    part = (share * n - float(np.sum(mass[above]))) / there if there > 0 else 0.0
    acted = above + min(part, 1.0) * level
    value = float(np.mean(mass * acted * gained))
    at_the_cut = _gain_near(gained[order], mass[order], place)
    influences = mass * (acted * gained - value - at_the_cut * (acted - share))
    return skewed_estimate(value, influences, clusters)


def _gain_near(gained: Floats, mass: Floats, place: int) -> float:
    """Give the mean gain near a place of the ranking; 0 where the cut is at its end, and can't move."""
    if place >= gained.size - 1:
        return 0.0
    reach = max(5, math.isqrt(gained.size))
    near = slice(max(0, place - reach), place + reach)
    return float(np.average(gained[near], weights=mass[near]))


def ratio_estimate(top: Floats, bottom: Floats, clusters: Clusters | None = None) -> Estimate:
    """Estimate the ratio of two means (the delta method); without a value where the lower one is not above zero."""
    if not top.size or not np.mean(bottom) > 0:
        return unmeasured(top.size)
    return skewed_estimate(ratio(top, bottom), ratio_influences(top, bottom), clusters)


def ratio_advantage(
    mine: tuple[Floats, Floats], other: tuple[Floats, Floats], clusters: Clusters | None = None
) -> Estimate:
    """Estimate by how much one ratio of means is above another on the same rows, paired."""
    if not mine[0].size or not (np.mean(mine[1]) > 0 and np.mean(other[1]) > 0):
        return unmeasured(mine[0].size)
    return skewed_estimate(ratio(*mine) - ratio(*other), ratio_influences(*mine) - ratio_influences(*other), clusters)


def turning_point(without: Floats, slope: Floats, clusters: Clusters | None = None) -> Estimate:
    """Estimate the factor on one amount at which the mean gain is zero, decisions kept.

    With decisions kept every gain is a straight line in each amount: ``without + factor * slope``. Where it crosses
    zero is a ratio of means; its interval is the delta method's on the logarithm, so that it can't be negative.

    Parameters
    ----------
    without, slope : array, shape (n,)
        Gain of each record at factor 0, and what it adds per unit of the factor.
    clusters : array of int, shape (n,), optional
        Which rows hang together.

    Returns
    -------
    Estimate
        Without a value where no factor above 0 turns the gain.

    Examples
    --------
    >>> turning_point(np.array([-2.0, -2.0, -2.0]), np.array([4.0, 4.0, 4.0])).value
    0.5

    """
    if not slope.size:
        return unmeasured(0)
    top, bottom = float(np.mean(without)), float(np.mean(slope))
    if bottom == 0 or top == 0 or -top / bottom <= 0:
        return unmeasured(slope.size)
    value = -top / bottom
    influences = -(without - top) / bottom + top * (slope - bottom) / bottom**2
    return influence_estimate(value, np.asarray(influences), scale="positive", clusters=clusters)
