"""`Lesson` and `Learned`: what a recipe is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from mainstay.contract import Category
from mainstay.training.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.data.rows import Rows
    from mainstay.measures.measure import Kind
    from mainstay.models.candidate import Parameter
    from mainstay.models.model import Model
    from mainstay.models.studies import Trial
    from mainstay.training.folds import Folds

    Floats = NDArray[np.float64]
    Fit = Callable[[Floats, Floats, Floats | None], Model]


_LEAVES_GAPS = frozenset({"allow", "flag"})


def _nobody(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Lesson:
    """What a recipe learns from.

    Parameters
    ----------
    X, y : array, shape (n, width) and (n,)
        Encoded training rows.
    kind : {"binary", "multiclass", "regression"}
        What `y` is: 0 and 1, codes of labels, or amounts.
    labels : mapping of int to int
        For each place of `X` that holds a category: how many codes it may have (its labels, and one more for any
        other).
    may_miss : frozenset of int
        Places of `X` that may be missing in production.
    folds : Folds
        Rows to score by a model that never saw them.
    seed : int
        For whatever is drawn.
    weights : array, shape (n,), optional
        How much each row counts in a fit.
    say : callable
        Told what is going on.
    meter : Meter
        What this recipe may spend; one that always does the same work needn't ask.
    search : {"shapes", "optuna"}
        How a recipe that can be tuned looks for its parameters.
    classes : int
        How many numbers a score has: one per label of several classes, else 1.
    stands : array, shape (n,), optional
        How many records of the world each row stands for, where that isn't one; it is in `weights`, too.

    """

    X: Floats
    y: Floats
    kind: Kind
    labels: Mapping[int, int]
    may_miss: frozenset[int]
    folds: Folds
    seed: int
    weights: Floats | None = None
    say: Callable[[str], None] = field(default=_nobody)
    meter: Meter = field(default_factory=Meter)
    search: Literal["shapes", "optuna"] = "shapes"
    classes: int = 1
    stands: Floats | None = None

    @staticmethod
    def of(rows: Rows, inputs: Contract, kind: Kind, folds: Folds, seed: int, classes: int = 1) -> Lesson:  # noqa: PLR0917 - as they are said
        """Make the lesson of training rows, whose `X` is described by `inputs`."""
        columns = [column for column, _ in inputs.slots]
        labels = {j: len(column.values) + 1 for j, column in enumerate(columns) if isinstance(column, Category)}
        may_miss = frozenset(j for j, column in enumerate(columns) if {column.missing, column.malformed} & _LEAVES_GAPS)
        made = Lesson(rows.X, rows.y, kind, labels, may_miss, folds, seed, rows.fit_weights, classes=classes)
        return replace(made, stands=rows.stands)

    def fold_scores(self, fit: Fit) -> Floats:
        """Score every row by a model fitted (on rows, truth and weights) without its fold; shape (n,) or (n, classes).

        NaN where no fold scores a row.
        """
        scores = self.unscored()
        for learn, score in self.folds.parts:
            weights = None if self.weights is None else self.weights[learn]
            scores[score] = fit(self.X[learn], self.y[learn], weights).scores(self.X[score])
        return scores

    def unscored(self) -> Floats:
        """Give scores of which none is known yet, NaN; shape (n,), of several classes (n, classes)."""
        return np.full(self.y.size if self.classes == 1 else (self.y.size, self.classes), np.nan)


def shares_of(y: Floats, classes: int, weights: Floats | None = None) -> tuple[float, ...]:
    """Give the share of each label among codes; shape (classes,)."""
    mass = max(1.0, float(y.size if weights is None else weights.sum()))
    return tuple((np.bincount(y.astype(np.int64), weights=weights, minlength=classes) / mass).tolist())


@dataclass(frozen=True)
class Learned:
    """What a recipe gives back.

    Parameters
    ----------
    model : Model
        Fitted on all rows of the lesson.
    fold_scores : array, shape (n,) or (n, classes)
        Score of each row by a model that never saw it.
    parameters : mapping
        What it was made with.
    constant : bool
        Whether it stands for doing nothing, so that it never acts.
    refit : callable, optional
        Makes the same kind of model, without a search, from other rows, truth and weights: what the learning curve
        and the study of ageing do. None where that can't be had.
    refit_price : float
        Seconds that takes on all rows, as a `Meter` counts them; 0 where it is cheap.
    trials : tuple of Trial
        What a search tried, in that order.
    notes : tuple of str
        What a reader must know of this making, as sentences.
    as_it_is : bool
        Whether nothing was learned here, so that the scores stay what they are: rules, or a model from elsewhere.

    """

    model: Model
    fold_scores: Floats
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    constant: bool = False
    refit: Fit | None = None
    refit_price: float = 0.0
    trials: tuple[Trial, ...] = ()
    notes: tuple[str, ...] = ()
    as_it_is: bool = False


class Recipe(Protocol):
    """How a kind of candidate is made."""

    def __call__(self, lesson: Lesson, /) -> Learned:
        """Learn."""
