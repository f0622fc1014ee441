"""Multinomial logistic regression over encoded rows: a linear sum of terms per label, numpy alone.

Each label has a sum as in `mainstay.models.frameworks.linear`; the probabilities are the exponentials of the sums, each
divided by their total (the softmax). The terms are the explanation of each sum, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.models.explain.additive import Additive, softmax
from mainstay.models.files import damaged, decode, write_header
from mainstay.models.frameworks.linear import Labels, LinearModel, Term

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Profile

    Floats = NDArray[np.float64]


class Sum(msgspec.Struct, frozen=True):
    """One label's sum: where it starts, and a term per feature."""

    intercept: float
    terms: tuple[Term, ...]


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of a multinomial model: all of it."""

    sums: tuple[Sum, ...]
    framework: str = "softmax"


@dataclass(frozen=True)
class SoftmaxModel:
    """A sum of terms per label, and their softmax.

    Parameters
    ----------
    sums : tuple of LinearModel
        One per label, none of them logistic.

    Examples
    --------
    >>> from mainstay.models.frameworks.linear import Slope
    >>> sums = tuple(LinearModel(0.0, (Slope(0.0, slope),), logistic=False) for slope in (0.0, 1.0, 2.0))
    >>> SoftmaxModel(sums).score_one(np.array([1.0])).round(3).tolist()
    [0.09, 0.245, 0.665]

    """

    sums: tuple[LinearModel, ...]
    framework: str = "softmax"

    def contributions(self, X: Floats) -> Floats:
        """Give the term of each feature for encoded rows in each label's sum; shape (n, features, labels)."""
        return np.stack([one.contributions(X) for one in self.sums], axis=2)

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive:
        """Say what each feature adds to each label's sum, exactly: as `LinearModel.attributions` does."""
        told = [one.attributions(X, profile) for one in self.sums]
        base, parts = np.concatenate([one.base for one in told]), np.concatenate([one.parts for one in told], axis=2)
        return Additive(base, parts, softmax)

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, features); returns shape (n, labels)."""
        return _softmax([one.scores(X) for one in self.sums])

    def score_one(self, row: Floats) -> Floats:
        """Score one encoded row; the same bits as `scores`."""
        sums = [np.asarray([one.score_one(row)]) for one in self.sums]
        return np.asarray(_softmax(sums)[0])

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_header(folder, Header(tuple(Sum(one.intercept, one.terms) for one in self.sums)))


def load(folder: Path, header: bytes) -> SoftmaxModel:
    """Read a multinomial model."""
    found = decode(folder, header, Header)
    if len(found.sums) < 2 or len({len(one.terms) for one in found.sums}) > 1:
        raise damaged(folder / "model.json", "its labels don't have a term per feature each")
    if any(isinstance(term, Labels) and not term.terms for one in found.sums for term in one.terms):
        raise damaged(folder / "model.json", "a category has no terms")
    return SoftmaxModel(tuple(LinearModel(one.intercept, one.terms, logistic=False) for one in found.sums))


def _softmax(sums: list[Floats]) -> Floats:
    highest = sums[0]
    for one in sums[1:]:
        highest = np.maximum(highest, one)
    parts = [np.exp(one - highest) for one in sums]  # never above 1: no sum is too large for an exponential
    total = np.zeros(highest.shape)
    for part in parts:  # one after the other, so that one row adds up to the same bits
        total += part
    return np.stack([part / total for part in parts], axis=1)
