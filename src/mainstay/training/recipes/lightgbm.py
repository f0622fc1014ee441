"""Gradient-boosted trees: a few shapes or a search, grown on all folds in step, the best few mixed into one model.

Of a few shapes, size and mixture are chosen for each fold by the losses of the *other* folds, so that no row's score is
better than it should be because its own loss helped to choose the model that scores it. (Its label still helped to grow
the models that are judged on the other folds; on pure noise that shows no gain, which is tested.) All folds choose the
final one. A search looks at hundreds of models, so it is nested instead: each fold is scored by a search of its own
that never saw it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.training.lesson import Learned
from mainstay.training.losses import answered
from mainstay.training.trees.blend import lay_together
from mainstay.training.trees.growth import Grower
from mainstay.training.trees.mixing import Member, Mixer
from mainstay.training.trees.search import search
from mainstay.training.trees.shapes import DEFAULT, shapes_for
from mainstay.training.trees.trying import try_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.candidate import Parameter
    from mainstay.models.studies import Trial
    from mainstay.training.lesson import Fit, Lesson
    from mainstay.training.meter import Meter

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

_GROWING = 0.65  # share of the budget for the folds; the rest is for all rows
_FINAL_SEARCH = 0.5  # share of a nested search's budget for the one that makes the model
_PLAIN = (Member(0, DEFAULT, 100, 1.0),)


def grow_trees(lesson: Lesson) -> Learned:
    """Grow, choose, and grow again on all rows."""
    if lesson.search == "optuna":
        return _searched(lesson)
    purse = lesson.meter.share(_GROWING)
    grower, growths, trials, notes = try_shapes(lesson, purse)
    lesson.meter.spend(purse.spent)
    mixer = Mixer(lesson, grower, growths)
    return _learned(lesson, grower, mixer.mixture(grower.weights), mixer.fold_scores(), (tuple(trials), notes))


def _searched(lesson: Lesson) -> Learned:
    """Search once per fold without it, and once with all."""
    trials: list[Trial] = []
    scores = lesson.unscored()
    purse = lesson.meter.share(_GROWING)
    for fold, (learn, score) in enumerate(lesson.folds.parts):
        meter = purse.share((1 - _FINAL_SEARCH) / len(lesson.folds.parts))
        inside = replace(lesson, folds=lesson.folds.inside(fold))
        mixture, tried = _found(inside, meter, f"fold {fold + 1} kept apart") if inside.folds.parts else (_PLAIN, [])
        trials += tried
        scores[score] = _by_mixture(lesson, mixture, learn, score)
    meter = purse.share(_FINAL_SEARCH)
    mixture, tried = _found(lesson, meter, "all rows")
    lesson.meter.spend(purse.seconds)
    words = (
        f"The parameters of lightgbm were searched for ({len(trials) + len(tried)} trials). Each fold was scored by a "
        "search of its own that never saw it (nested folds), so the search doesn't flatter the comparison."
    )
    return _learned(lesson, Grower(lesson), mixture, scores, ((*trials, *tried), (words,)))


def _found(lesson: Lesson, meter: Meter, where: str) -> tuple[tuple[Member, ...], list[Trial]]:
    grower = Grower(lesson)
    growths, trials = search(grower, meter, shapes_for(lesson.y.size, timed=lesson.folds.timed), where)
    return Mixer(lesson, grower, growths).mixture(grower.weights), trials


def _by_mixture(lesson: Lesson, mixture: tuple[Member, ...], learn: Places, score: Places) -> Floats:
    """Fit a mixture on some rows and score others."""
    grower = Grower(replace(lesson, folds=replace(lesson.folds, parts=())))
    weights = None if lesson.weights is None else lesson.weights[learn]
    rows = (lesson.X[learn], lesson.y[learn], weights)
    raw = [
        one.weight * grower.predict(grower.other(one.shape, one.trees, rows), lesson.X[score], one.trees)
        for one in mixture
    ]
    return answered(lesson.kind, np.sum(raw, axis=0))


def _learned(
    lesson: Lesson,
    grower: Grower,
    mixture: tuple[Member, ...],
    scores: Floats,
    told: tuple[tuple[Trial, ...], tuple[str, ...]],
) -> Learned:
    """Grow the mixture on all rows, as much of it as the budget covers."""
    members = _covered(lesson, grower, mixture)
    first = members[0]
    more = len(members) - 1
    many = f" and {more} more shape{'s' * (more > 1)}" if more else ""
    trees = f"{first.trees} tree{'s' * (first.trees != 1)}"
    lesson.say(f"lightgbm: {trees} of {first.shape['num_leaves']:.0f} leaves{many} on all rows")
    texts = [grower.whole(one.shape, one.trees, lesson.meter).model_to_string() for one in members]
    model = LightGBMModel(lay_together(texts, [one.weight for one in members]), _fills(lesson))
    parameters: dict[str, Parameter] = {**first.shape, "trees": sum(one.trees for one in members), "seed": lesson.seed}
    if len(members) > 1:
        parameters["mixture"] = "; ".join(_words(one) for one in members)
    trials, notes = told
    return Learned(
        model,
        scores,
        parameters,
        refit=_refit(lesson, grower, first),
        refit_price=first.trees * grower.price(lesson.y.size, first.shape),
        trials=trials,
        notes=notes,
    )


def _covered(lesson: Lesson, grower: Grower, mixture: tuple[Member, ...]) -> tuple[Member, ...]:
    """Drop members that the budget doesn't cover, the least first; one is always made."""
    ranked = sorted(mixture, key=lambda one: -one.weight)
    price = [one.trees * grower.price(lesson.y.size, one.shape) for one in ranked]
    count = max(1, int(np.searchsorted(np.cumsum(price), lesson.meter.left, side="right")))
    total = sum(one.weight for one in ranked[:count])
    return tuple(replace(one, weight=one.weight / total) for one in ranked[:count])


def _words(one: Member) -> str:
    return f"{one.weight:.0%} {one.trees} trees of {one.shape['num_leaves']:.0f} leaves"


def _refit(lesson: Lesson, grower: Grower, member: Member) -> Fit:
    """Make the first member again from other rows: fewer rows bear fewer trees, about as their square root."""

    def fit(X: Floats, y: Floats, weights: Floats | None) -> LightGBMModel:
        trees = max(10, round(member.trees * min(1.0, y.size / lesson.y.size) ** 0.5))
        return LightGBMModel(grower.other(member.shape, trees, (X, y, weights)).model_to_string(), _fills(lesson))

    return fit


def _fills(lesson: Lesson) -> dict[int, float]:
    """Medians of the numbers that may be missing in production but never were in training."""
    never = [j for j in lesson.may_miss - set(lesson.labels) if not np.isnan(lesson.X[:, j]).any()]
    return {j: float(np.median(lesson.X[:, j])) for j in sorted(never)}
