"""Shapley values by sampling orders, where no exact way is known (Strumbelj and Kononenko 2014).

A draw starts at a row of the background and turns its features into the record's, one after the other in a random
order; what each turn changes is one observation of that feature's value. Every order is walked forwards and backwards
(antithetic pairs, Mitchell et al. 2022), which halves the noise or better. A draw's observations add up to the record's
score less the background row's, so their mean adds up too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.players import Player

    Floats = NDArray[np.float64]
    Score = Callable[[Floats], Floats]

_CELLS = 400_000  # numbers handed to the model at once


@dataclass(frozen=True)
class Sampled:
    """What was found of one record.

    Parameters
    ----------
    parts, errors : array, shape (players,)
        Estimates and their standard errors.
    draws : int
        How many pairs of orders were walked.
    complete : bool
        Whether there was time for all of them.

    """

    parts: Floats
    errors: Floats
    draws: int
    complete: bool


def sample_parts(
    score: Score,
    row: Floats,
    background: Floats,
    players: Sequence[Player],
    *,
    base: float,
    rng: np.random.Generator,
    rounds: int = 1,
    until: float = np.inf,
) -> Sampled:
    """Estimate what each player adds to the score of a row.

    Parameters
    ----------
    score : callable
        From rows of shape (n, width) to scores of shape (n,).
    row : array, shape (width,)
        The encoded record.
    background : array, shape (m, width)
        Rows to compare with.
    players : sequence of Player
        What is turned together.
    base : float
        Mean score of the background; what the parts add up to is the row's score less this.
    rng : Generator
        Of the orders.
    rounds : int
        How often each row of the background is started from.
    until : float
        Time of `time.perf_counter` at which to stop; one draw is always made.

    """
    wanted = rounds * len(background)
    starts = np.concatenate([rng.permutation(len(background)) for _ in range(rounds)])
    owners = np.repeat(np.arange(len(players)), [player.end - player.first for player in players])
    most = max(1, _CELLS // (2 * (len(players) + 1) * max(1, row.size)))
    seen: list[Floats] = []
    done, began = 0, time.perf_counter()
    while done < wanted and (size := _affordable(done, began, until, most)):
        some = background[starts[done : done + size]]
        seen.append(_walk(score, row, some, owners, rng.random((len(some), len(players))).argsort(axis=1)))
        done += len(some)
    found = np.concatenate(seen)
    parts, errors = found.mean(axis=0), _errors(found)
    target = float(score(row[None])[0]) - base
    return Sampled(_corrected(parts, errors, target), errors, done, complete=done >= wanted)


def _affordable(done: int, began: float, until: float, most: int) -> int:
    """Say how many draws there is time for: one to begin with, which tells how long it takes."""
    if until == np.inf:
        return most
    if not done:
        return 1
    now = time.perf_counter()
    return max(0, min(most, 8 * done, int((until - now) / max((now - began) / done, 1e-9))))


def _walk(score: Score, row: Floats, starts: Floats, owners: NDArray[np.intp], ranks: NDArray[np.intp]) -> Floats:
    """Walk from each start to the row, forwards and backwards; shape (starts, players), the mean of both."""
    players = ranks.shape[1]
    turned = np.stack([ranks, players - 1 - ranks], axis=1)  # when each player is turned
    steps = np.arange(players + 1)[:, None]
    here = turned[:, :, None, :][..., owners] < steps
    X = np.where(here, row, starts[:, None, None, :])
    scores = score(X.reshape(-1, row.size)).reshape(len(starts), 2, players + 1)
    return np.asarray(np.take_along_axis(np.diff(scores, axis=2), turned, axis=2).mean(axis=1))


def _errors(found: Floats) -> Floats:
    if len(found) < 2:
        return np.full(found.shape[1], np.nan)
    return np.asarray(found.std(axis=0, ddof=1) / np.sqrt(len(found)))


def _corrected(parts: Floats, errors: Floats, target: float) -> Floats:
    """Make parts add up where not every background row was started from: the least certain give way the most."""
    left = target - float(parts.sum())
    for weights in (np.nan_to_num(errors) ** 2, np.abs(parts), np.ones(parts.size)):
        if weights.sum() > 0:
            return np.asarray(parts + left * weights / weights.sum())
    return parts
