"""What each feature adds to XGBoost's sum, by its own library (``pred_contribs``: TreeSHAP, Lundberg et al. 2020)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.explain.additive import Additive, exponential, identity, logistic, softmax

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.models.explain.additive import Link

    Floats = NDArray[np.float64]

CONTRIBUTIONS = 2  # the type of prediction, as in XGBoost's c_api.h
_LINKS: dict[str, Link] = {
    **dict.fromkeys(
        ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror", "reg:squaredlogerror"),
        identity,
    ),
    **dict.fromkeys(("reg:gamma", "reg:tweedie", "count:poisson"), exponential),
    **dict.fromkeys(("binary:logistic", "reg:logistic"), logistic),
    "multi:softprob": softmax,
}


def link_of(config: bytes) -> Link | None:
    """Say how trees get from sum to score, from the library's JSON; None for an objective that isn't known here.

    Examples
    --------
    >>> link_of(b'{"learner": {"objective": {"name": "binary:logistic"}}}')
    <function logistic at ...>

    """
    said: Mapping[str, object] = json.loads(config).get("learner", {}).get("objective", {})
    return _LINKS.get(str(said.get("name")))


def taken_apart(said: Floats, link: Link) -> Additive:
    """Turn the library's contributions of shape (n, outputs, features + 1), the last of them the base, into sums."""
    base = said[0, :, -1].copy() if len(said) else np.zeros(said.shape[1])
    return Additive(base, np.swapaxes(said[:, :, :-1], 1, 2), link)
