"""Logistic and linear regression over encoded rows: a table of numbers per feature, numpy alone.

Every feature adds one term to the score: a number its distance from the training mean times a slope, a category the
term of its label, a missing value a term of its own. A score is the sum of the terms (through the logistic function for
a probability), so the terms are the explanation, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.models.explain.additive import Additive, identity, logistic
from mainstay.models.files import damaged, decode, write_header

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import ColumnProfile, Profile

    Floats = NDArray[np.float64]


class Slope(msgspec.Struct, frozen=True, tag="number"):
    """The term of a number: ``(value - mean) * slope``, or `missing`.

    Parameters
    ----------
    mean : float
        Mean of the training rows.
    slope : float
        What one unit more adds.
    missing : float
        What a missing value adds.

    """

    mean: float
    slope: float
    missing: float = 0.0


class Labels(msgspec.Struct, frozen=True, tag="category"):
    """The term of a category: one per code, the last for any code beyond them; or `missing`.

    Parameters
    ----------
    terms : tuple of float
        What each label adds.
    missing : float
        What a missing value adds.

    """

    terms: tuple[float, ...]
    missing: float = 0.0


Term = Slope | Labels


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of a linear model: all of it."""

    intercept: float
    logistic: bool
    terms: tuple[Term, ...]
    framework: str = "linear"


@dataclass(frozen=True)
class LinearModel:
    """A sum of terms, one per feature.

    Parameters
    ----------
    intercept : float
        The score of an average record, before the logistic function.
    terms : tuple of Slope or Labels
        One per feature, in the contract's order.
    logistic : bool
        Whether the sum goes through the logistic function (a probability) or is the amount itself.

    Examples
    --------
    >>> model = LinearModel(0.0, (Slope(10.0, 0.5), Labels((-1.0, 1.0))), logistic=False)
    >>> model.scores(np.array([[12.0, 1.0], [np.nan, 0.0]])).tolist()
    [2.0, -1.0]

    """

    intercept: float
    terms: tuple[Term, ...]
    logistic: bool
    framework: str = "linear"

    def contributions(self, X: Floats) -> Floats:
        """Give the term of each feature for encoded rows; shape (n, features), on the scale of the sum."""
        return np.column_stack([_add(term, X[:, j]) for j, term in enumerate(self.terms)])

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive:
        """Say what each feature adds to the sum, exactly: its term less the mean of that term over the training rows.

        These are the Shapley values of a sum. With `profile` the means are those of the rows that were profiled;
        without it terms are told as they are.
        """
        typical = np.zeros(len(self.terms)) if profile is None else self._typical(profile)
        terms = np.array([self._terms_of(X[0])]) if len(X) == 1 else self.contributions(X)
        base = np.array([self.intercept + float(typical.sum())])
        return Additive(base, (terms - typical)[:, :, None], logistic if self.logistic else identity)

    def _typical(self, profile: Profile) -> Floats:
        known: tuple[Profile, Floats] | None = self.__dict__.get("_of_profile")
        if known is None or known[0] is not profile:
            spread = {
                (column.slots or (place, place + 1))[0]: column
                for place, column in enumerate(profile.columns)
                if column.of == "value"
            }
            means = [_mean(term, spread.get(j), profile.rows) for j, term in enumerate(self.terms)]
            known = self.__dict__["_of_profile"] = (profile, np.array(means))
        return known[1]

    def _terms_of(self, row: Floats) -> list[float]:
        """Give the terms of one row; as `contributions` does, in a few microseconds."""
        found = []
        for value, (mean, slope, terms, missing) in zip(row.tolist(), self._plain, strict=True):
            if value != value:  # noqa: PLR0124 - only NaN differs from itself
                found.append(missing)
            elif terms is None:
                found.append((value - mean) * slope)
            else:
                code = int(value)
                found.append(terms[code if 0 <= code < len(terms) else -1])
        return found

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, features); returns shape (n,)."""
        total = np.full(len(X), self.intercept)
        for j, term in enumerate(self.terms):  # one after the other, so that one row adds up to the same bits
            total += _add(term, X[:, j])
        return logistic(total) if self.logistic else total

    def score_one(self, row: Floats) -> float:
        """Score one encoded row; the same bits as `scores`, in a few microseconds."""
        total = self.intercept
        for value, (mean, slope, terms, missing) in zip(row.tolist(), self._plain, strict=True):
            if value != value:  # noqa: PLR0124 - only NaN differs from itself, and this is the hot path
                total += missing
            elif terms is None:
                total += (value - mean) * slope
            else:
                code = int(value)
                total += terms[code if 0 <= code < len(terms) else -1]
        return float(logistic(np.asarray(total))) if self.logistic else total

    @cached_property
    def _plain(self) -> tuple[tuple[float, float, tuple[float, ...] | None, float], ...]:
        return tuple(
            (term.mean, term.slope, None, term.missing)
            if isinstance(term, Slope)
            else (0.0, 0.0, term.terms, term.missing)
            for term in self.terms
        )

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_header(folder, Header(self.intercept, self.logistic, self.terms))


def load(folder: Path, header: bytes) -> LinearModel:
    """Read a linear model."""
    found = decode(folder, header, Header)
    if any(isinstance(term, Labels) and not term.terms for term in found.terms):
        raise damaged(folder / "model.json", "a category has no terms")
    return LinearModel(found.intercept, found.terms, found.logistic)


def _mean(term: Term, found: ColumnProfile | None, rows: int) -> float:
    """Give the mean of a term over rows of a profile: a number is on average its own mean, so only gaps count."""
    if found is None or not rows:
        return 0.0
    gone = found.missing / rows * term.missing
    if isinstance(term, Slope):
        return gone
    terms = np.asarray(term.terms)
    counts = np.asarray(found.counts, dtype=np.float64)
    return gone + float(counts @ terms[np.minimum(np.arange(counts.size), terms.size - 1)]) / rows


def _add(term: Term, column: Floats) -> Floats:
    gone = np.isnan(column)
    if isinstance(term, Slope):
        return np.where(gone, term.missing, (column - term.mean) * term.slope)
    terms = np.asarray(term.terms)
    codes = np.where(gone, 0.0, column).astype(np.int64)
    codes = np.where((codes < 0) | (codes >= terms.size), terms.size - 1, codes)
    return np.where(gone, term.missing, terms[codes])
