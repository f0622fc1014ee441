"""`Row`: one accepted record."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray


class Row(msgspec.Struct, frozen=True, eq=False):
    """One accepted record, ready for a model and for the log.

    Parameters
    ----------
    encoded : array, shape (features,)
        What the model sees: float64, read-only.
    features : dict
        The features as served, after policies; what training from the log will read.
    entity : str or None
        Who the record is about.
    warnings : tuple of str
        What policies did, one sentence each.
    degraded : bool
        Whether a policy changed what the model sees.

    """

    encoded: NDArray[np.float64]
    features: dict[str, int | float | bool | str | None]
    entity: str | None = None
    warnings: tuple[str, ...] = ()
    degraded: bool = False
