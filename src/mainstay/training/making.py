"""Making every candidate within the budget: who may spend how much, what is done to the scores, and what is told."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mainstay.training.bending import balanced, undo_weights
from mainstay.training.calibrate import calibrate
from mainstay.training.recipes import HEURISTIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mainstay.measures.intervals import Clusters
    from mainstay.models.candidate import Candidate
    from mainstay.training.lesson import Learned, Lesson, Recipe
    from mainstay.training.settings import TrainingSettings

_CHEAP = ("do-nothing", HEURISTIC, "linear")
_STUDIES = 0.1  # share of the budget kept for the studies


@dataclass(frozen=True)
class Made:
    """A recipe's name, what it learned, and how long it took."""

    name: str
    learned: Learned
    seconds: float


def covered_folds(cells: int, budget: float) -> int:
    """Say in how many folds a table of so many cells is scored, so that the budget is kept: all, or a few.

    Examples
    --------
    >>> covered_folds(500_000, 20.0), covered_folds(4_000_000, 20.0), covered_folds(40_000_000, 20.0)
    (40, 5, 1)

    """
    return max(1, int(budget * 1e6 // max(cells, 1)))


def learn_all(
    recipes: Mapping[str, Recipe], lesson: Lesson, settings: TrainingSettings, clusters: Clusters | None
) -> Iterator[Made]:
    """Make the candidates one after the other, simplest first; each may spend an equal part of what is left."""
    weighted = settings.class_weight == "balanced" and lesson.kind != "regression"
    fitted = replace(lesson, weights=balanced(lesson)) if weighted else lesson
    dear = [name for name in recipes if name not in _CHEAP]
    for name, recipe in recipes.items():
        start = time.perf_counter()
        left = len(dear) - dear.index(name) if name in dear else len(dear) + 1
        purse = lesson.meter.share((1 - _STUDIES) / left)
        learned = recipe(replace(fitted, meter=purse))
        lesson.meter.spend(purse.spent)
        lesson.meter.cut = lesson.meter.cut or purse.cut
        if weighted and fitted.weights is not None and not learned.as_it_is:
            learned = undo_weights(learned, lesson, fitted.weights)
        if settings.calibrate and not learned.as_it_is:
            learned = calibrate(learned, lesson, clusters)
        yield Made(name, learned, time.perf_counter() - start)


def training_notes(made: Sequence[Made], chosen: Candidate, lesson: Lesson) -> Iterator[str]:
    """Say what a reader must know: what was cut, and where nothing beat the baseline in order of time."""
    if lesson.meter.late:
        yield (
            "CUT BY THE CLOCK: this machine needed far longer than the budget, so work was stopped in the middle: the "
            "same seed may give another model. Raise [training] budget, or train where less is going on."
        )
    if lesson.folds.timed and chosen.name in _CHEAP:
        yield (
            f"In order of time nothing beat {chosen.name} by more than one standard error: what else was learned from "
            "the past did not surely hold for what came after."
        )
    yield from dict.fromkeys(note for one in made for note in one.learned.notes)
