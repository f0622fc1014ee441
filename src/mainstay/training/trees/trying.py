"""Trying the shapes: all of them on all folds where the budget covers that, else on a sample first."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.studies import Trial
from mainstay.training.trees.growth import MOST_TREES, Grower, best_size
from mainstay.training.trees.shapes import shapes_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.training.lesson import Lesson
    from mainstay.training.meter import Meter
    from mainstay.training.trees.growth import Growth, Shape

_ENOUGH = 100  # trees of every shape that the budget must cover, or the shapes are tried on fewer rows
_FEWEST = 2000  # rows of a sample
_FAIR = 100  # trees before a shape is given up
_FASTEST = 0.3  # learning rate; above it trees undo each other
_NAME = "lightgbm"


def try_shapes(lesson: Lesson, meter: Meter) -> tuple[Grower, list[Growth], list[Trial], tuple[str, ...]]:
    """Grow every shape on the folds; on a large table the best one of a sample alone.

    Returns
    -------
    grower, growths, trials, notes
        What grew on all rows of the folds, all that was tried, and what a reader must know.

    """
    grower = Grower(lesson)
    shapes = shapes_for(int(grower.weights.max()), timed=lesson.folds.timed)
    price = _ENOUGH * sum(grower.step_price(shape) for shape in shapes)
    if meter.covers(price):
        growths, trials = _each(grower, shapes, meter)
        return grower, growths, trials, _told(growths, meter)
    sample = fewer_rows(lesson, 0.4 * meter.left / price)
    tried, trials = _each(Grower(sample), shapes, meter.share(0.4))
    meter.spend(0.4 * meter.left)
    best = min(tried, key=lambda growth: best_size(growth, grower.weights)[1])
    lesson.say(f"{_NAME}: {best.shape['num_leaves']:.0f} leaves on all folds")
    grown, more = _each(grower, (best.shape,), meter)
    learned = max(learn.size for learn, _ in sample.folds.parts)
    words = f"The shapes of trees were tried on a sample ({learned:,} rows a fold) to keep to the budget.".replace(
        ",", " "
    )
    return grower, grown, [*trials, *more], (words, *_told(grown, meter))


def fewer_rows(lesson: Lesson, share: float) -> Lesson:
    """Keep a share of the rows of each fold, drawn by the lesson's seed."""
    dice = np.random.default_rng(lesson.seed)

    def some(places: np.ndarray) -> np.ndarray:
        size = min(places.size, max(_FEWEST, int(share * places.size)))
        return np.sort(dice.choice(places, size, replace=False))

    parts = tuple((some(learn), some(score)) for learn, score in lesson.folds.parts)
    return replace(lesson, folds=replace(lesson.folds, parts=parts))


def _each(grower: Grower, shapes: tuple[Shape, ...], meter: Meter) -> tuple[list[Growth], list[Trial]]:
    growths: list[Growth] = []
    trials = []
    best = float("inf")
    for k, shape in enumerate(shapes):
        if growths and meter.late:
            break
        grower.lesson.say(f"{_NAME}: shape {k + 1} of {len(shapes)}")
        start, purse = time.perf_counter(), meter.share(1 / (len(shapes) - k))
        affordable = max(purse.left / grower.step_price(shape), 1.0)
        growth = grower.grow(_hurried(shape, affordable), purse, hopeless=_behind(best, affordable))
        meter.spend(purse.spent)
        trees, loss = best_size(growth, grower.weights)
        best = min(best, loss)
        trials.append(
            Trial(
                candidate=_NAME,
                number=k,
                parameters={**growth.shape, "trees": trees},
                loss=loss,
                seconds=time.perf_counter() - start,
                state={"clock": "cut", "pruned": "pruned"}.get(growth.ended, "done"),
            )
        )
        growths.append(growth)
    return growths, trials


def _hurried(shape: Shape, affordable: float) -> Shape:
    """Let each tree count for more where the budget covers few of them."""
    return {**shape, "learning_rate": min(max(shape["learning_rate"], round(25 / affordable, 2)), _FASTEST)}


def _behind(best: float, affordable: float) -> Callable[[int, float], bool]:
    """Give up a shape that would not reach the best one even if it went on gaining as fast as just now.

    Losses flatten as trees are added, so a straight line is kind to it.
    """
    before = [float("inf")]
    most = min(affordable, MOST_TREES)

    def hopeless(trees: int, loss: float) -> bool:
        gain, before[0] = (before[0] - loss) / 25, loss
        return trees >= _FAIR and loss - gain * max(most - trees, 0) > best

    return hopeless


def _told(growths: list[Growth], meter: Meter) -> tuple[str, ...]:
    if any(growth.ended == "budget" for growth in growths):
        spent = f"The budget of {meter.seconds:.3g} s for trees ended some growing before the folds had stopped gaining"
        return (f"{spent}: a larger [training] budget may do better.",)
    return ()
