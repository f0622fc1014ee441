"""A model whose scores are bent by a curve before anybody sees them: calibration, and the prior of down-sampled rows.

The inner model lies in a folder of its own beside ``model.json``, which holds the curves: numbers only. A curve costs a
few microseconds a record.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.models.explain.additive import Exact, logistic, softmax
from mainstay.models.files import HEADER, damaged, decode, write_header
from mainstay.models.load import load_model, save_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Profile
    from mainstay.models.explain.additive import Additive
    from mainstay.models.model import Model, Score
    from mainstay.models.trust import Trusted

    Floats = NDArray[np.float64]

INNER = "inner"
_CERTAIN = 1e-12  # a probability nearer to 0 or 1 than this has no log odds worth bending


class Line(msgspec.Struct, frozen=True, tag="line"):
    """A straight line in the log odds (Platt 1999); with slope 1 a correction of the prior.

    Parameters
    ----------
    slope : float
        Below 1 scores were too sure of themselves.
    shifts : tuple of float
        What is added: one number for a yes/no question, or one per class.

    Examples
    --------
    >>> Line(1.0, (np.log(0.25),)).bend(np.array([0.5, 0.8])).round(6).tolist()
    [0.2, 0.5]

    """

    slope: float
    shifts: tuple[float, ...]

    def bend(self, scores: Floats) -> Floats:
        """Bend probabilities of shape (n,), or (n, classes), which then sum to 1 again."""
        said = np.clip(scores, _CERTAIN, 1 - _CERTAIN)
        if scores.ndim == 1:
            odds = np.log(said / (1 - said)) * self.slope + self.shifts[0]
            return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0))))
        logs = np.log(said) * self.slope + np.asarray(self.shifts)
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        # One class after the other, so that one row adds up to the same bits as many.
        total = sum((raised[:, k] for k in range(1, raised.shape[1])), raised[:, 0].copy())
        return np.asarray(raised / total[:, None])


class Steps(msgspec.Struct, frozen=True, tag="steps"):
    """Straight lines between knots, growing: isotonic regression (Zadrozny and Elkan 2002) without its jumps.

    Parameters
    ----------
    at : tuple of float
        Scores, ascending; beyond the ends a curve stays level.
    values : tuple of float
        What each becomes, never falling.

    Examples
    --------
    >>> Steps((0.2, 0.6), (0.1, 0.5)).bend(np.array([0.0, 0.4, 0.9])).round(9).tolist()
    [0.1, 0.3, 0.5]

    """

    at: tuple[float, ...]
    values: tuple[float, ...]

    def bend(self, scores: Floats) -> Floats:
        """Bend probabilities of shape (n,)."""
        at, values = np.asarray(self.at), np.asarray(self.values)
        said = np.clip(scores, at[0], at[-1])
        left = np.clip(np.searchsorted(at, said, side="right") - 1, 0, max(at.size - 2, 0))
        right = np.minimum(left + 1, at.size - 1)
        wide = np.where(right > left, at[right] - at[left], 1.0)
        return np.asarray(values[left] + (values[right] - values[left]) * ((said - at[left]) / wide))

    def bend_one(self, score: float) -> float:
        """Bend one; the same bits as `bend`."""
        at, values = self.at, self.values
        said = min(max(score, at[0]), at[-1])
        left = min(max(bisect_right(at, said) - 1, 0), max(len(at) - 2, 0))
        if len(at) == 1:
            return values[0]
        return values[left] + (values[left + 1] - values[left]) * ((said - at[left]) / (at[left + 1] - at[left]))


Curve = Line | Steps


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of a calibrated model; the inner model has its own, one folder deeper."""

    curves: tuple[Curve, ...]
    framework: str = "calibrated"


@dataclass(frozen=True)
class CalibratedModel:
    """A model and the curves its scores go through.

    Parameters
    ----------
    inner : Model
        Gives probabilities of shape (n,), or (n, classes), which only a `Line` can bend.
    curves : tuple of Line or Steps
        One after the other.

    """

    inner: Model
    curves: tuple[Curve, ...]
    framework: str = "calibrated"

    @property
    def precision(self) -> float:
        """How far a score may be off on another processor: as far as the inner model's; 0 for to the bit."""
        return float(getattr(self.inner, "precision", 0.0))

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, features)."""
        return bend(self.inner.scores(X), self.curves)

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row; the same bits as `scores`."""
        score = self.inner.score_one(row)
        if isinstance(score, np.ndarray):
            return np.asarray(bend(score[None], self.curves)[0])
        for curve in self.curves:
            score = curve.bend_one(score) if isinstance(curve, Steps) else float(curve.bend(np.array([score]))[0])
        return score

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive | None:
        """Say what each feature adds to the inner model's sum, with the curves on top.

        A line in the log odds leaves a sum a sum. Steps don't: the sum of the features is the inner model's, and the
        curve is part of the way from it to the score.
        """
        sums = self.inner.attributions(X, profile) if isinstance(self.inner, Exact) else None
        for curve in self.curves:
            sums = None if sums is None else _bent(sums, curve)
        return sums

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder, the inner one into a folder inside."""
        inner = folder / INNER
        inner.mkdir(mode=0o700, exist_ok=True)
        save_model(self.inner, inner)
        write_header(folder, Header(self.curves))


def _bent(sums: Additive, curve: Curve) -> Additive:
    if isinstance(curve, Line) and sums.link in (logistic, softmax):
        return sums.scaled(curve.slope, np.asarray(curve.shifts))
    outputs = sums.base.size
    flat = (-1,) if outputs == 1 else (-1, outputs)
    return sums.then(lambda scores: curve.bend(scores.reshape(flat)).reshape(scores.shape))


def bend(scores: Floats, curves: Sequence[Curve]) -> Floats:
    """Bend scores by curves, one after the other."""
    for curve in curves:
        scores = curve.bend(scores)
    return scores


def calibrated(model: Model, *curves: Curve) -> CalibratedModel:
    """Wrap a model; one that is wrapped already gets the further curves."""
    if isinstance(model, CalibratedModel):
        return CalibratedModel(model.inner, (*model.curves, *curves))
    return CalibratedModel(model, curves)


def innermost(model: Model) -> Model:
    """Give the model inside: what was fitted, and what an explanation takes apart."""
    return innermost(model.inner) if isinstance(model, CalibratedModel) else model


def load_trusted(folder: Path, header: bytes, trusted: Trusted | None) -> CalibratedModel:
    """Read a calibrated model, whose inner one may bring what must be trusted."""
    found = decode(folder, header, Header)
    for curve in found.curves:
        if isinstance(curve, Line) and not curve.shifts:
            raise damaged(folder / HEADER, "a curve has no shift")
        if isinstance(curve, Steps) and not _grows(curve):
            raise damaged(folder / HEADER, "a curve's knots don't ascend")
    inner = folder / INNER
    if not (inner / HEADER).is_file():
        raise damaged(inner / HEADER, "it isn't there")
    return CalibratedModel(load_model(inner, trusted), found.curves)


def _grows(curve: Steps) -> bool:
    if not curve.at or len(curve.at) != len(curve.values):
        return False
    ascend = all(low < high for low, high in pairwise(curve.at))
    return ascend and all(low <= high for low, high in pairwise(curve.values))
