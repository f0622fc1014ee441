"""How long models take, side by side: in turns, so that whatever else the machine does slows down both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.models.model import Model

    Floats = NDArray[np.float64]

_WARM = 5


class Clocked(msgspec.Struct, frozen=True, kw_only=True):
    """How long one model took.

    Parameters
    ----------
    p50, p99 : float
        Median and 99th percentile for one record, milliseconds.
    throughput : float
        Records a second where many are scored at once.
    n : int
        How many single records were timed.

    """

    p50: float
    p99: float
    throughput: float
    n: int


def clock(models: Sequence[Model], X: Floats, *, rounds: int = 200, seconds: float = 10.0) -> tuple[Clocked, ...]:
    """Time models on the same rows, one record of each in turn.

    Parameters
    ----------
    models : sequence of Model
        In this process, on this thread.
    X : array, shape (n, width)
        Real encoded rows.
    rounds : int
        Most records each is asked.
    seconds : float
        Most that all of it may take, about.

    """
    for model in models:
        for row in X[:_WARM]:
            model.score_one(row)
    took: list[list[float]] = [[] for _ in models]
    end = time.perf_counter() + seconds / 2
    for place in range(rounds):
        if place >= _WARM and time.perf_counter() > end:
            break
        row = X[place % len(X)]
        for times, model in zip(took, models, strict=True):
            start = time.perf_counter()
            model.score_one(row)
            times.append(1000 * (time.perf_counter() - start))
    rates = [_throughput(model, X, seconds / 4) for model in models]
    return tuple(
        Clocked(p50=float(np.quantile(times, 0.5)), p99=float(np.quantile(times, 0.99)), throughput=rate, n=len(times))
        for times, rate in zip(took, rates, strict=True)
    )


def _throughput(model: Model, X: Floats, seconds: float) -> float:
    """Score the rows again and again, at least once; the best pass counts, which others disturbed least."""
    best, end = 0.0, time.perf_counter() + seconds
    for _ in range(5):
        start = time.perf_counter()
        model.scores(X)
        now = time.perf_counter()
        best = max(best, len(X) / (now - start))
        if now > end:
            break
    return best
