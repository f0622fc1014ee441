"""Would more rows help? The chosen recipe learns from a quarter, half and all of the rows, judged on the same ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.studies import LearningPoint
from mainstay.render.numbers import count, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters, Estimate
    from mainstay.models.yardstick import Yardstick
    from mainstay.training.judge import Judge
    from mainstay.training.lesson import Fit, Floats, Lesson

    Places = NDArray[np.int64]

SHARES = (0.25, 0.5, 1.0)
_FEWEST = 100  # rows below which a quarter says nothing


def learning_curve(fit: Fit, judge: Judge, folds: int) -> tuple[tuple[LearningPoint, ...], str]:
    """Study how the loss falls as rows are added.

    Fewer rows are a part of more; in order of time the latest, else at random (whole clusters where rows hang
    together).

    Parameters
    ----------
    fit : callable
        Makes the chosen kind of model from rows.
    judge : Judge
        Holds the rows, and measures.
    folds : int
        How many folds the budget covers.

    Returns
    -------
    points : tuple of LearningPoint
        From few rows to all.
    words : str
        The answer in a sentence; empty where it can't be had.

    """
    lesson, parts = judge.lesson, judge.lesson.folds.parts[-folds:]
    sizes = [float(np.mean([learn.size for learn, _ in parts])) * share for share in SHARES]
    if sizes[0] < _FEWEST:
        return (), ""
    scored = np.concatenate([score for _, score in parts])
    scores = [_scored(fit, lesson, parts, judge.clusters, share) for share in SHARES]
    if not all(np.isfinite(one).all() for one in scores):
        return (), ""
    points = tuple(
        LearningPoint(round(size), share, judge.finding(judge.estimate(scored, one), f"{round(size)} rows", "learning"))
        for size, share, one in zip(sizes, SHARES, scores, strict=True)
    )
    gain = judge.advantage(scored, scores[-1], scores[-2])
    stretch = float(np.sqrt(1 + sum(score.size / learn.size for learn, score in parts)))
    return points, _words(sizes, replace(gain, error=gain.error * stretch), judge.yardstick)


def _scored(
    fit: Fit, lesson: Lesson, parts: tuple[tuple[Places, Places], ...], clusters: Clusters | None, share: float
) -> Floats:
    found = []
    for learn, score in parts:
        some = _some(learn, lesson, clusters, share)
        weights = None if lesson.weights is None else lesson.weights[some]
        found.append(fit(lesson.X[some], lesson.y[some], weights).scores(lesson.X[score]))
    return np.concatenate(found)


def _some(learn: Places, lesson: Lesson, clusters: Clusters | None, share: float) -> Places:
    wanted = round(share * learn.size)
    if wanted >= learn.size or lesson.folds.timed:
        return learn[learn.size - wanted :]
    dice = np.random.default_rng(lesson.seed)
    if clusters is None:
        return np.sort(dice.permutation(learn)[:wanted])
    _, where = np.unique(clusters[learn], return_inverse=True)
    order = dice.permutation(int(where.max()) + 1)
    return learn[np.argsort(np.argsort(order)[where], kind="stable")[:wanted]]


def _words(sizes: list[float], gain: Estimate, yardstick: Yardstick) -> str:
    half, whole = (count(round(size)) for size in sizes[-2:])
    told = f"{number(gain.value)} ± {number(gain.error, 2)} {yardstick.words} (one standard error)"
    if gain.value > 2 * gain.error:
        return (
            f"More rows would help: from {half} to {whole} rows the chosen recipe gained {told}. Each doubling "
            "usually gains somewhat less than the one before."
        )
    if gain.value > gain.error:
        return f"More rows may help a little: from {half} to {whole} rows the chosen recipe gained {told}."
    return f"More rows like these would hardly help: from {half} to {whole} rows the chosen recipe gained {told}."
