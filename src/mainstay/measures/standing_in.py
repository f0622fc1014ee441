"""What the rows that were kept from an action stand for, so that a model learns what happens without one.

A row that was acted on shows what the action made of it. Left out, it leaves a hole where the model expects most; the
rows that a lot kept from the action fill it, each weighted by 1 / (probability that it was kept) (Horvitz and Thompson
1952, A generalization of sampling without replacement from a finite universe, JASA 47). That probability is counted
among the rows of about the same time rather than taken from a setting: it is right when the setting changed, and the
counted one is no worse than the known one (Hirano, Imbens and Ridder 2003, Efficient estimation of average treatment
effects using the estimated propensity score, Econometrica 71). Means over such rows are ratios (Hájek 1971).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FEWEST = 50
"""Rows of the control share that are counted together, at least."""


def stand_in(acted: Flags, held: Flags, mass: Floats, fewest: int = FEWEST) -> Floats:
    """Give how many records each row stands for; 0 for those that were acted on.

    Parameters
    ----------
    acted : array of bool, shape (n,)
        Rows that were meant for an action and were not kept from it, in order of time.
    held : array of bool, shape (n,)
        Rows that were meant for an action, and kept from it by lot.
    mass : array, shape (n,)
        How many records each stands for already: 1 / (probability that it was logged).
    fewest : int
        Rows in `held` that are counted together, at least.

    Returns
    -------
    array, shape (n,)
        Where neither is true, `mass`. All of it together is `mass` together, as long as `held` has a row.

    Examples
    --------
    >>> acted = np.array([True, True, False, True, False])
    >>> held = np.array([False, False, True, False, False])
    >>> stand_in(acted, held, np.ones(5)).tolist()
    [0.0, 0.0, 4.0, 0.0, 1.0]

    """
    weights = np.where(acted, 0.0, mass)
    if not held.any():
        return weights
    blocks = max(int(held.sum()) // fewest, 1)
    block = np.minimum(np.maximum(np.cumsum(held) - 1, 0) // fewest, blocks - 1)
    meant = np.bincount(block, weights=mass * (acted | held), minlength=blocks)
    kept = np.bincount(block, weights=mass * held, minlength=blocks)
    return np.where(held, mass * (meant / kept)[block], weights)


def near(flags: Flags, whose: Places, at: Places, reach: int) -> Flags:
    """Say of each row whether a flagged one is about the same and at most `reach` away in time; itself counts.

    Parameters
    ----------
    flags : array of bool, shape (n,)
    whose, at : array of int, shape (n,)
        Whom each row is about, and when it was.
    reach : int
        In the unit of `at`.

    Examples
    --------
    >>> whose, at = np.array([1, 1, 2, 1]), np.array([0, 5, 6, 20])
    >>> near(np.array([True, False, False, False]), whose, at, 10).tolist()
    [True, True, False, False]

    """
    order = np.lexsort((at, whose))
    flag, who, when = flags[order], whose[order], at[order]
    places = np.arange(flags.size)
    before = np.maximum.accumulate(np.where(flag, places, -1))
    after = np.minimum.accumulate(np.where(flag, places, flags.size)[::-1])[::-1]
    found = np.zeros(flags.size, dtype=np.bool_)
    for other, there in ((before, before >= 0), (after, after < flags.size)):
        place = np.where(there, other, 0)
        found |= there & (who[place] == who) & (np.abs(when[place] - when) <= reach)
    result = np.empty(flags.size, dtype=np.bool_)
    result[order] = found
    return result


def cut_weights(weights: Floats) -> tuple[Floats, int]:
    """Cut weights at the mean times the root of their number, so that no single row decides (Ionides 2008).

    Truncated Importance Sampling, Journal of Computational and Graphical Statistics 17: the error this makes goes away
    with the number of rows, and the variance stays bounded.

    Returns
    -------
    array, shape (n,)
        The weights.
    int
        How many were cut.

    """
    if not weights.size:
        return weights, 0
    most = float(weights.mean() * np.sqrt(weights.size))
    return np.minimum(weights, most), int((weights > most).sum())


def effective_rows(weights: Floats) -> float:
    """Give how many rows of equal weight would say as much (Kish 1965, Survey Sampling).

    Examples
    --------
    >>> effective_rows(np.array([1.0, 1.0, 1.0])), effective_rows(np.array([1.0, 0.0]))
    (3.0, 1.0)

    """
    return float(weights.sum() ** 2 / np.square(weights).sum()) if weights.any() else 0.0


def resample(mass: Floats, size: int | None = None) -> Places:
    """Give places of rows that are together as what they stand for is: each about as often as it weighs.

    Systematic resampling, without chance (Kitagawa 1996, Monte Carlo Filter and Smoother, Journal of Computational and
    Graphical Statistics 5).

    Parameters
    ----------
    mass : array, shape (n,)
        How many records each row stands for.
    size : int, optional
        How many places; as many as there are rows unless given.

    Examples
    --------
    >>> resample(np.array([1.0, 3.0, 1.0, 1.0])).tolist()
    [0, 1, 1, 3]

    """
    size = mass.size if size is None else size
    steps = (np.arange(size) + 0.5) * (mass.sum() / max(size, 1))
    return np.asarray(np.minimum(np.searchsorted(np.cumsum(mass), steps), mass.size - 1), dtype=np.int64)
