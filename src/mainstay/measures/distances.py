"""How far two binned distributions are apart: the effect size of drift."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.finding import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_Z95 = 1.959963984540054


def psi(reference: Counts, current: Counts) -> float:
    """Measure the population stability index of two vectors of counts over the same cells.

    The symmetrised Kullback-Leibler divergence; by habit below 0.1 nothing moved, above 0.25 much did. Half a
    count is added to every cell, so that a value never seen before gives a large number and not infinity.

    Parameters
    ----------
    reference, current : array of int, shape (cells,)
        Counts per cell.

    Returns
    -------
    float
        At least 0; 0 for equal counts; 0 where one side is empty, because then nothing is known.

    Examples
    --------
    >>> counts = np.array([50, 30, 20])
    >>> psi(counts, counts)
    0.0
    >>> round(psi(counts, np.array([20, 30, 50])), 2)
    0.53

    References
    ----------
    Siddiqi (2006), Credit Risk Scorecards; Yurdakul and Naranjo (2020), Statistical properties of the population
    stability index, Journal of Risk Model Validation 14(4).

    """
    if not reference.sum() or not current.sum():
        return 0.0
    before, now = _shares(reference, 0.5), _shares(current, 0.5)
    return float(((now - before) * np.log(now / before)).sum())


def psi_noise(cells: int, n_reference: int, n_current: int) -> float:
    """Give the index expected when nothing moved: both sides are samples, and samples differ.

    Under no drift the index is close to ``(1/n + 1/m)`` times a chi-square variable with ``cells - 1`` degrees of
    freedom (Yurdakul and Naranjo 2020); this is its mean. Taking it off scales the index for the size of the window.

    Examples
    --------
    >>> round(psi_noise(10, 5000, 300), 4)
    0.0318

    """
    if cells < 2 or not n_reference or not n_current:
        return 0.0
    return (cells - 1) * (1 / n_reference + 1 / n_current)


def psi_interval(index: float, cells: int, n_reference: int, n_current: int) -> Interval:
    """Give the interval (95 %) around an index from which the noise was taken off.

    From the variance of the noncentral chi-square variable that the index is a multiple of; cut off at 0. Where one
    side is empty nothing is known: (0, 0).

    """
    if not n_reference or not n_current:
        return Interval(0.0, 0.0)
    scale = 1 / n_reference + 1 / n_current
    error = math.sqrt(2 * max(cells - 1, 0) * scale**2 + 4 * max(index, 0.0) * scale)
    return Interval(max(0.0, index - _Z95 * error), index + _Z95 * error)


def _shares(counts: Counts, extra: float) -> NDArray[np.float64]:
    padded = counts.astype(np.float64) + extra
    shares: NDArray[np.float64] = padded / padded.sum()
    return shares
