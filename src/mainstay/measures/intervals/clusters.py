"""Which rows hang together, and how sure a mean of such rows is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Clusters = NDArray[np.int64]


def which_hang_together(n: int, groups: NDArray[np.str_] | None, times: Floats | None) -> Clusters | None:
    """Give the clusters of rows split by group or by time; None where rows are independent.

    Rows in order of time are cut into about ``sqrt(n)`` runs of ``sqrt(n)`` rows (batch means), so that what lasts for
    a while, a wet week, counts once.
    """
    if groups is not None:
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    if times is None or n < 4:
        return None
    ranks = np.empty(n, dtype=np.int64)
    ranks[np.argsort(times, kind="stable")] = np.arange(n)
    return np.asarray(ranks // math.isqrt(n), dtype=np.int64)


def standard_error(influences: Floats, clusters: Clusters | None = None) -> tuple[float, int]:
    """Give the standard error of the mean of `influences`, and its degrees of freedom (clusters or rows, less one).

    With clusters this is the cluster-robust error (Liang and Zeger 1986) with the usual ``k / (k - 1)``.
    """
    n = influences.size
    if n < 2:
        return float("nan"), 0
    if clusters is None:
        return float(np.std(influences, ddof=1) / math.sqrt(n)), n - 1
    sums = cluster_sums(influences, clusters)
    if sums.size < 2:
        return float("nan"), 0
    return float(math.sqrt(sums.size / (sums.size - 1) * float(sums @ sums)) / n), sums.size - 1


def worth_in_freedom(influences: Floats, clusters: Clusters | None = None) -> int:
    """Say how many degrees of freedom a standard error is worth where its rows have heavy tails, 3 at least.

    ``2 n / (kurtosis - 1)``, which is `n` for normal rows (Satterthwaite 1946, with the variance of a variance).
    """
    parts = cluster_sums(influences, clusters)
    freedom = parts.size - 1
    spread = float(np.mean(parts**2))
    if spread == 0 or freedom < 3:
        return freedom
    beyond = float(np.mean(parts**4)) / spread**2 - 1
    return max(3, min(freedom, int(2 * parts.size / beyond))) if beyond > 0 else freedom


def cluster_sums(influences: Floats, clusters: Clusters | None) -> Floats:
    """Give what each row, or each cluster of rows, adds to a mean beyond its share."""
    parts: Floats = influences - np.mean(influences)
    if clusters is None:
        return parts
    return np.bincount(np.unique(clusters, return_inverse=True)[1], parts).astype(np.float64, copy=False)
