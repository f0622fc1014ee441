"""Many tests at once: how many of the discoveries are false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def adjust(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Adjust p-values for their number by Benjamini and Hochberg's step-up rule.

    Keeping those at or below `q` keeps the expected share of false ones among them at or below `q`, for tests that
    are independent or positively dependent. Where nothing at all moved, it also is the chance of a single false one.

    Parameters
    ----------
    p_values : sequence of float
        One per test; NaN counts as 1.

    Returns
    -------
    array of float, shape (n,)
        Adjusted values in the same order, never below the ones given, at most 1.

    Examples
    --------
    >>> [round(float(p), 6) for p in adjust([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.

    """
    raw = np.nan_to_num(np.asarray(p_values, dtype=np.float64), nan=1.0)
    if not raw.size:
        return raw
    order = np.argsort(raw)
    scaled = raw[order] * raw.size / np.arange(1, raw.size + 1)
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return np.maximum(adjusted, raw)
