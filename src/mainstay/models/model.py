"""`Model`: what every framework adapter is held to, and `Score`: what it says of one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

Score: TypeAlias = float | NDArray[np.float64]
"""What a model says of one record: a probability or an amount; of several classes an array of shape (k,)."""


@runtime_checkable
class Model(Protocol):
    """A fitted model that turns encoded rows into scores.

    Encoded rows come from the contract: one float64 per feature, categories as codes, missing as NaN. Scores are
    probabilities of the positive label (binary), a probability per label that sum to 1 (several classes), or amounts
    (regression). Adapters live one per file in `mainstay.models.frameworks`; each passes the checks of
    ``tests/unit/models/test_models_frameworks.py``. One that answers in Python, or by code that isn't ours, says
    ``slow = True``: the server asks it beside its event loop, records of several requests in one call.
    """

    @property
    def framework(self) -> str:
        """Name of its adapter in `mainstay.models.frameworks`."""

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows of shape (n, features); returns shape (n,), of several classes (n, k)."""

    def score_one(self, row: NDArray[np.float64]) -> Score:
        """Score one encoded row of shape (features,): the hot path. Equals ``scores(row[None])[0]``."""

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder, in a format that runs no code when it is loaded."""
