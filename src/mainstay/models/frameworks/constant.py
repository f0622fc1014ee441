"""The same score for every record: doing nothing, as a model that can be released, served and logged like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.models.explain.additive import Additive, identity
from mainstay.models.files import decode, write_header

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Profile
    from mainstay.models.model import Score


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of a constant."""

    value: float | tuple[float, ...]
    framework: str = "constant"


@dataclass(frozen=True)
class ConstantModel:
    """The same score for every record.

    Parameters
    ----------
    value : float or tuple of float
        The score: a probability, one per label, or an amount.

    """

    value: float | tuple[float, ...]
    framework: str = "constant"

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows of shape (n, features); returns shape (n,), of several classes (n, k)."""
        if isinstance(self.value, tuple):
            return np.tile(np.asarray(self.value, dtype=np.float64), (len(X), 1))
        return np.full(len(X), self.value)

    def score_one(self, row: NDArray[np.float64]) -> Score:  # noqa: ARG002 - every model is called so
        """Score one encoded row."""
        return np.asarray(self.value, dtype=np.float64) if isinstance(self.value, tuple) else self.value

    def attributions(self, X: NDArray[np.float64], profile: Profile | None = None) -> Additive:
        """Say what each feature adds: nothing."""
        del profile
        return Additive(
            np.atleast_1d(self.value).astype(np.float64), np.zeros((*X.shape, np.size(self.value))), identity
        )

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_header(folder, Header(self.value))


def load(folder: Path, header: bytes) -> ConstantModel:
    """Read a constant."""
    return ConstantModel(decode(folder, header, Header).value)
