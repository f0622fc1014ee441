"""The reliability curve: of the records with about the same score, what was said and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluation.findings import found
from mainstay.measures.intervals import proportion_estimate
from mainstay.models.studies import ReliabilityBin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters

    Floats = NDArray[np.float64]

BINS, _FEWEST = 10, 20  # bins of equally many records, and records in each at least


def reliability_curve(truth: Floats, scores: Floats, clusters: Clusters | None) -> tuple[ReliabilityBin, ...]:
    """Compare what was said with what happened, in bins of equally many held-out records.

    Parameters
    ----------
    truth, scores : array, shape (n,)
        0 or 1, and probabilities.
    clusters : array of int, shape (n,), optional
        Which rows hang together.

    Returns
    -------
    tuple of ReliabilityBin
        From low scores to high, each with Wilson's interval; records of one score stay together, so there may be fewer
        bins; none for fewer than 40 records.

    """
    bins = min(BINS, truth.size // _FEWEST)
    if bins < 2:
        return ()
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1]))
    where = np.searchsorted(edges, scores, side="right")
    return tuple(_bin(truth, scores, where == place, clusters) for place in np.unique(where))


def _bin(truth: Floats, scores: Floats, inside: NDArray[np.bool_], clusters: Clusters | None) -> ReliabilityBin:
    low, high = float(scores[inside].min()), float(scores[inside].max())
    share = proportion_estimate(truth, inside.astype(np.float64), clusters)
    place = f"scores {low:.3g} to {high:.3g}"
    return ReliabilityBin(float(scores[inside].mean()), found(share, "positive", where=place, group="reliability"))
