"""`Model`: what every framework adapter is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@runtime_checkable
class Model(Protocol):
    """A fitted model that turns encoded rows into scores.

    Encoded rows come from the contract: one float64 per feature, categories as codes, missing as NaN. Scores are
    probabilities of the positive label (binary) or amounts (regression). Adapters live one per file in
    `mainstay.models.frameworks`; each passes the checks of ``tests/unit/models/test_models_frameworks.py``.
    """

    @property
    def framework(self) -> str:
        """Name of its adapter in `mainstay.models.frameworks`."""

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows of shape (n, features); returns shape (n,)."""

    def score_one(self, row: NDArray[np.float64]) -> float:
        """Score one encoded row of shape (features,): the hot path. Equals ``scores(row[None])[0]``."""

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder, in a format that runs no code when it is loaded."""
