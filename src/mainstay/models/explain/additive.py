"""`Additive`: what a model that is a sum says of each of its terms; adapters with an exact way give one of these.

An adapter brings its exact way as a method ``attributions(X, profile) -> Additive | None``. Whoever has none, or gives
None because this model isn't a sum after all, is explained by sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mainstay.contract import Profile

Floats = NDArray[np.float64]
Link = Callable[[Floats], Floats]
"""From sums to scores, elementwise or along the last axis; both of shape (..., k)."""

_STEP = 1e-5  # of a numerical derivative
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class Additive:
    """Sums, one for each of k outputs: ``link(base + parts of a row)`` are its scores.

    Parameters
    ----------
    base : array, shape (k,)
        The sum of a typical record: where the parts start.
    parts : array, shape (n, width, k)
        What each number of an encoded row adds.
    link : callable
        From sums to scores: `identity` (amounts), `logistic` (a probability; the sums are log-odds), `softmax`, or any
        other that rises.

    """

    base: Floats
    parts: Floats
    link: Link

    @property
    def totals(self) -> Floats:
        """The sums themselves; shape (n, k)."""
        return np.asarray(self.base + self.parts.sum(axis=1))

    def scaled(self, slope: float, shift: Floats) -> Additive:
        """Give ``slope * sum + shift``, a shift for each output: what Platt scaling does to log-odds."""
        return Additive(self.base * slope + shift, self.parts * slope, self.link)

    def taken(self, take: Sequence[int], width: int) -> Additive:
        """Give the same sums over rows of `width` numbers, of which the j-th is at ``take[j]``."""
        parts = np.zeros((len(self.parts), width, self.base.size))
        for place, source in enumerate(take):
            parts[:, source] += self.parts[:, place]
        return Additive(self.base, parts, self.link)

    def ordered(self, order: Sequence[int]) -> Additive:
        """Give the outputs in another order: the j-th is at ``order[j]`` now; an empty order leaves them."""
        if not order:
            return self
        places, inverse, inner = list(order), np.argsort(order), self.link
        if inner in (identity, logistic, softmax, exponential):  # they know no order
            return Additive(self.base[places], self.parts[:, :, places], inner)
        return Additive(
            self.base[places], self.parts[:, :, places], lambda sums: inner(sums[..., inverse])[..., places]
        )

    def then(self, curve: Link) -> Additive:
        """Give the same sums with a curve put on the scores: what isotonic calibration does to a probability."""
        inner = self.link
        return Additive(self.base, self.parts, lambda sums: curve(inner(sums)))


@runtime_checkable
class Exact(Protocol):
    """A model that can be explained exactly."""

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive | None:
        """Say what each number of encoded rows of shape (n, width) adds; None where this model is no sum.

        `profile` is how the training rows were spread, for models whose parts start at a mean over them.
        """


def identity(sums: Floats) -> Floats:
    """Leave sums as they are."""
    return sums


def logistic(sums: Floats) -> Floats:
    """Turn log-odds into probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-_bounded(sums))))


def _bounded(sums: Floats) -> Floats:
    """Keep an exponential from overflowing; `np.clip` takes five times as long for a single number."""
    return np.minimum(np.maximum(sums, -700.0), 700.0)


def softmax(sums: Floats) -> Floats:
    """Turn sums into probabilities of labels, which add up to 1 along the last axis."""
    raised = np.exp(sums - sums.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def exponential(sums: Floats) -> Floats:
    """Turn logarithms into amounts."""
    return np.asarray(np.exp(_bounded(sums)))


def carried(base: Floats, parts: Floats, link: Link, which: int) -> tuple[float, Floats]:
    """Carry parts through a link: from what they add to a sum to what they add to a score.

    With one output the difference between the record's score and the typical one is shared in proportion to the parts:
    the rescale rule (Chen, Lundberg and Lee 2022). With several it is shared along the straight line from the typical
    sums to the record's (integrated gradients, Sundararajan et al. 2017), which is the same where there is one.

    Parameters
    ----------
    base : array, shape (k,)
        The typical sums.
    parts : array, shape (n, k)
        What each of n features adds to them.
    link : callable
        From sums to scores.
    which : int
        The output to explain.

    Returns
    -------
    typical : float
        The typical score of that output.
    effects : array, shape (n,)
        They add up to the record's score less the typical one.

    Examples
    --------
    >>> typical, effects = carried(np.array([0.0]), np.array([[2.0], [-1.0]]), logistic, 0)
    >>> round(typical, 3), effects.round(3).tolist(), round(float(logistic(np.array(1.0))), 3)
    (0.5, [0.462, -0.231], 0.731)

    """
    end = base + parts.sum(axis=0)
    typical, score = float(link(base)[which]), float(link(end)[which])
    if base.size == 1:
        gap = float(end[0] - base[0])
        rate = (score - typical) / gap if abs(gap) > _STEP else float(_slopes(base[None], link, which)[0, 0])
        effects = parts[:, 0] * rate
    else:
        line = base + np.outer((_NODES + 1) / 2, end - base)
        effects = parts @ (_WEIGHTS / 2 @ _slopes(line, link, which))
    return typical, settled(effects, score - typical)


def settled(effects: Floats, total: float) -> Floats:
    """Make effects add up to `total` to the bit that matters: what rounding left over is shared by their size."""
    left, size = total - float(effects.sum()), np.abs(effects)
    whole = float(size.sum())
    if whole == 0.0:
        return effects
    return np.asarray(effects + left * size / whole)


def _slopes(places: Floats, link: Link, which: int) -> Floats:
    """Give the slope of one output along each sum, at places of shape (m, k)."""
    steps = np.eye(places.shape[-1]) * _STEP
    up, down = link(places[:, None, :] + steps), link(places[:, None, :] - steps)
    return np.asarray((up - down)[..., which] / (2 * _STEP))
